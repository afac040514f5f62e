/** A file in the gateway's form; `bytesOf` returns its bytes. */
export interface FileAnswer {
  readonly base64: string;
  readonly contentType: string;
}

/** WeChat's answer without data; some APIs omit even these members. */
export interface Done {
  readonly errcode?: 0;
  readonly errmsg?: string;
}

/** A customer-service message. */
export type CustomMessage =
  | { touser: string; msgtype: 'text'; text: { content: string } }
  | { touser: string; msgtype: 'image'; image: { media_id: string } }
  | { touser: string; msgtype: 'voice'; voice: { media_id: string } }
  | { touser: string; msgtype: 'video'; video: { media_id: string; thumb_media_id: string; title?: string } }
  | {
      touser: string;
      msgtype: 'news';
      news: { articles: { title: string; description?: string; url: string; picurl?: string }[] };
    }
  | { touser: string; msgtype: 'mpnewsarticle'; mpnewsarticle: { article_id: string } }
  | {
      touser: string;
      msgtype: 'miniprogrampage';
      miniprogrampage: { title?: string; appid?: string; pagepath: string; thumb_media_id: string };
    }
  | { touser: string; msgtype: 'link'; link: { title: string; description: string; url: string; thumb_url: string } };

type TemplateData = Readonly<Record<string, { readonly value: string; readonly color?: string }>>;

export interface UserInfo {
  readonly subscribe: 0 | 1;
  readonly openid: string;
  readonly language?: string;
  readonly subscribe_time?: number;
  readonly unionid?: string;
  readonly remark?: string;
  readonly groupid?: number;
  readonly tagid_list?: readonly number[];
  readonly subscribe_scene?: string;
  readonly qr_scene?: number;
  readonly qr_scene_str?: string;
}

interface Tag {
  readonly id: number;
  readonly name: string;
  readonly count: number;
}

type Code = { path?: string; width?: number; auto_color?: boolean; is_hyaline?: boolean };

/**
 * Bodies, queries and answers of the most frequently used APIs, from WeChat's documentation; all others take any object
 * and return `unknown`.
 */
export interface EndpointTypes {
  'POST /cgi-bin/message/custom/send': {
    given: CustomMessage & { customservice?: { kf_account: string } };
    answer: Done;
  };
  'POST /cgi-bin/message/custom/typing': {
    given: { touser: string; command: 'Typing' | 'CancelTyping' };
    answer: Done;
  };
  'POST /cgi-bin/message/template/send': {
    given: {
      touser: string;
      template_id: string;
      url?: string;
      miniprogram?: { appid: string; pagepath?: string };
      data: TemplateData;
      client_msg_id?: string;
    };
    /** Beyond 2^53 it is a text. */
    answer: Done & { readonly msgid: number | string };
  };
  'POST /cgi-bin/message/subscribe/send': {
    given: {
      touser: string;
      template_id: string;
      page?: string;
      data: TemplateData;
      miniprogram_state?: 'developer' | 'trial' | 'formal';
      lang?: 'zh_CN' | 'en_US' | 'zh_HK' | 'zh_TW';
    };
    answer: Done;
  };
  'GET /cgi-bin/user/get': {
    given: { next_openid?: string };
    answer: {
      readonly total: number;
      readonly count: number;
      /** Missing on an empty page. */
      readonly data?: { readonly openid: readonly string[] };
      readonly next_openid: string;
    };
  };
  'GET /cgi-bin/user/info': { given: { openid: string; lang?: 'zh_CN' | 'zh_TW' | 'en' }; answer: UserInfo };
  'POST /cgi-bin/user/info/batchget': {
    given: { user_list: { openid: string; lang?: 'zh_CN' | 'zh_TW' | 'en' }[] };
    answer: { readonly user_info_list: readonly UserInfo[] };
  };
  'POST /cgi-bin/user/info/updateremark': { given: { openid: string; remark: string }; answer: Done };
  'GET /cgi-bin/tags/get': { given: Record<string, never>; answer: { readonly tags: readonly Tag[] } };
  'POST /cgi-bin/tags/create': {
    given: { tag: { name: string } };
    answer: { readonly tag: { readonly id: number; readonly name: string } };
  };
  'POST /cgi-bin/tags/members/batchtagging': { given: { openid_list: string[]; tagid: number }; answer: Done };
  'POST /cgi-bin/tags/members/batchuntagging': { given: { openid_list: string[]; tagid: number }; answer: Done };
  'POST /cgi-bin/tags/getidlist': { given: { openid: string }; answer: { readonly tagid_list: readonly number[] } };
  'POST /cgi-bin/menu/create': { given: { button: readonly object[] }; answer: Done };
  'GET /cgi-bin/menu/get': { given: Record<string, never>; answer: { readonly menu: { readonly button: object[] } } };
  'GET /cgi-bin/menu/delete': { given: Record<string, never>; answer: Done };
  'POST /cgi-bin/qrcode/create': {
    given: {
      expire_seconds?: number;
      action_name: 'QR_SCENE' | 'QR_STR_SCENE' | 'QR_LIMIT_SCENE' | 'QR_LIMIT_STR_SCENE';
      action_info: { scene: { scene_id: number } | { scene_str: string } };
    };
    answer: { readonly ticket: string; readonly expire_seconds?: number; readonly url: string };
  };
  'GET /cgi-bin/media/get': { given: { media_id: string }; answer: FileAnswer | { readonly video_url: string } };
  'GET /cgi-bin/getcallbackip': { given: Record<string, never>; answer: { readonly ip_list: readonly string[] } };
  'GET /cgi-bin/get_api_domain_ip': { given: Record<string, never>; answer: { readonly ip_list: readonly string[] } };
  'POST /cgi-bin/openapi/quota/get': {
    given: { cgi_path: string };
    answer: {
      readonly quota: { readonly daily_limit: number; readonly used: number; readonly remain: number };
    };
  };
  'POST /wxa/getwxacodeunlimit': {
    given: { scene: string; page?: string; check_path?: boolean; env_version?: string } & Omit<Code, 'path'>;
    answer: FileAnswer;
  };
  'POST /wxa/getwxacode': { given: Code & { path: string }; answer: FileAnswer };
  'POST /wxa/business/getuserphonenumber': {
    given: { code: string; openid?: string };
    answer: {
      readonly phone_info: {
        readonly phoneNumber: string;
        readonly purePhoneNumber: string;
        readonly countryCode: string;
      };
    };
  };
}
