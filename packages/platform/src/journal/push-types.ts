/** What a user can be answered with; the names of `Reply`. */
export const replyNames = ['text', 'image', 'voice', 'video', 'music', 'news', 'transfer'] as const;
export type ReplyName = (typeof replyNames)[number];

export interface PushTypeDescription {
  /** What it has beside ToUserName, FromUserName, CreateTime, MsgType and Event; of a notice, the names in `data`. */
  readonly fields: readonly string[];
  /** The passive replies that WeChat accepts from an official account (protocol §1.5); from a mini program only `transfer`. */
  readonly replies: readonly ReplyName[];
  /** For how long a customer message may answer it (protocol §4.4); null: not at all. */
  readonly lateWindowMs: number | null;
  readonly description: { readonly zh: string; readonly en: string };
}

const MINUTE_MS = 60_000;
const MESSAGE_WINDOW_MS = 48 * 60 * MINUTE_MS;

/** Every type that WeChat documents (protocol §1.4, §1.5, §5.4) or that is ours. WeChat may send others. */
export const pushTypes = {
  'message.text': message(['Content', 'bizmsgmenuid'], '文本消息', 'A text from a user'),
  'message.image': message(['PicUrl', 'MediaId'], '图片消息', 'A picture from a user'),
  'message.voice': message(
    ['MediaId', 'Format', 'MediaId16K', 'Recognition'],
    '语音消息；开通语音识别时带识别结果',
    'A voice message; with its text if speech recognition is on',
  ),
  'message.video': message(['MediaId', 'ThumbMediaId'], '视频消息', 'A video from a user'),
  'message.shortvideo': message(['MediaId', 'ThumbMediaId'], '小视频消息', 'A short video from a user'),
  'message.location': message(
    ['Location_X', 'Location_Y', 'Scale', 'Label'],
    '地理位置消息：纬度、经度、缩放级别、描述',
    'A place that a user sent: latitude, longitude, scale, label',
  ),
  'message.link': message(['Title', 'Description', 'Url'], '链接消息', 'A link from a user'),
  'message.miniprogrampage': {
    ...message(
      ['Title', 'AppId', 'PagePath', 'ThumbUrl', 'ThumbMediaId'],
      '小程序客服：用户发来的小程序卡片',
      'A mini-program card in a mini program’s customer service',
    ),
    replies: ['transfer'],
  },

  'event.subscribe': event(
    ['EventKey', 'Ticket'],
    '用户关注；扫带参数二维码关注时带场景值',
    'A user follows; with the scene of a QR code, if there was one',
    { replies: replyNames, lateWindowMs: MINUTE_MS },
  ),
  'event.unsubscribe': event([], '用户取消关注', 'A user no longer follows'),
  'event.scan': event(
    ['EventKey', 'Ticket'],
    '已关注的用户扫描带参数二维码',
    'A follower scanned a QR code with a scene',
    { replies: replyNames, lateWindowMs: MINUTE_MS },
  ),
  'event.location': event(
    ['Latitude', 'Longitude', 'Precision'],
    '上报地理位置',
    'A user’s position, if the user permits it',
    { replies: replyNames },
  ),
  'event.click': event(['EventKey'], '点击菜单，拉取消息', 'A menu item of type click', {
    replies: replyNames,
    lateWindowMs: MINUTE_MS,
  }),
  'event.view': event(['EventKey', 'MenuId'], '点击菜单，跳转网页', 'A menu item that opens a page'),
  'event.view_miniprogram': event(
    ['EventKey', 'MenuId'],
    '点击菜单，跳转小程序',
    'A menu item that opens a mini program',
  ),
  'event.scancode_push': event(['EventKey', 'ScanCodeInfo'], '菜单扫码推事件', 'A code scanned by a menu item', {
    replies: replyNames,
    lateWindowMs: MINUTE_MS,
  }),
  'event.scancode_waitmsg': event(
    ['EventKey', 'ScanCodeInfo'],
    '菜单扫码推事件，并提示“消息接收中”',
    'A code scanned by a menu item whose user waits for a message',
    { replies: replyNames, lateWindowMs: MINUTE_MS },
  ),
  'event.pic_sysphoto': event(['EventKey', 'SendPicsInfo'], '菜单：系统拍照发图', 'Photos taken by a menu item', {
    replies: replyNames,
  }),
  'event.pic_photo_or_album': event(
    ['EventKey', 'SendPicsInfo'],
    '菜单：拍照或者相册发图',
    'Photos taken or chosen by a menu item',
    { replies: replyNames },
  ),
  'event.pic_weixin': event(['EventKey', 'SendPicsInfo'], '菜单：微信相册发图', 'Photos chosen by a menu item', {
    replies: replyNames,
  }),
  'event.location_select': event(
    ['EventKey', 'SendLocationInfo'],
    '菜单：地理位置选择器',
    'A place chosen by a menu item',
    { replies: replyNames },
  ),
  'event.templatesendjobfinish': event(['MsgID', 'Status'], '模板消息发送结果', 'The result of a template message'),
  'event.masssendjobfinish': event(
    [
      'MsgID',
      'Status',
      'TotalCount',
      'FilterCount',
      'SentCount',
      'ErrorCount',
      'CopyrightCheckResult',
      'ArticleUrlResult',
    ],
    '群发结果',
    'The result of a mass message',
  ),
  'event.publishjobfinish': event(['PublishEventInfo'], '发布结果', 'The result of a publication'),
  'event.user_enter_tempsession': event(
    ['SessionFrom'],
    '用户进入小程序客服会话',
    'A user opens a mini program’s customer service',
    { replies: ['transfer'], lateWindowMs: MINUTE_MS },
  ),
  'event.subscribe_msg_popup_event': event(
    ['SubscribeMsgPopupEvent'],
    '用户对订阅消息弹窗的选择',
    'What a user chose in the dialog of subscription messages',
  ),
  'event.subscribe_msg_change_event': event(
    ['SubscribeMsgChangeEvent'],
    '用户在设置里管理订阅消息',
    'A user changed subscription messages in the settings',
  ),
  'event.subscribe_msg_sent_event': event(
    ['SubscribeMsgSentEvent'],
    '订阅消息发送结果',
    'The result of a subscription message',
  ),
  'event.kf_create_session': event(['KfAccount'], '客服会话接入', 'An agent’s session starts'),
  'event.kf_close_session': event(['KfAccount'], '客服会话关闭', 'An agent’s session ends'),
  'event.kf_switch_session': event(['FromKfAccount', 'ToKfAccount'], '客服会话转接', 'A session goes to another agent'),
  'event.weapp_audit_success': event(['SuccTime'], '小程序代码审核通过', 'A mini program’s code passed its audit'),
  'event.weapp_audit_fail': event(
    ['Reason', 'FailTime', 'ScreenShot'],
    '小程序代码审核不通过',
    'A mini program’s code failed its audit',
  ),
  'event.weapp_audit_delay': event(
    ['Reason', 'DelayTime'],
    '小程序代码审核延后',
    'The audit of a mini program’s code takes longer',
  ),
  'event.wxa_nickname_audit': event(
    ['ret', 'nickname', 'reason'],
    '小程序名称审核结果',
    'The audit of a mini program’s name',
  ),
  'event.wxa_category_audit': event(
    ['ret', 'first', 'second', 'reason'],
    '小程序类目审核结果',
    'The audit of a mini program’s category',
  ),
  'event.wxa_privacy_apply': event(
    ['result_info'],
    '隐私接口申请结果',
    'The result of an application for a private API',
  ),
  'event.wxa_media_check': event(
    ['appid', 'trace_id', 'version', 'result', 'detail'],
    '内容安全异步检测结果',
    'The result of a content check',
  ),
  'event.qualification_verify_success': event(['ExpiredTime'], '资质认证成功', 'The qualification was verified'),
  'event.qualification_verify_fail': event(
    ['FailTime', 'FailReason'],
    '资质认证失败',
    'The qualification was not verified',
  ),
  'event.naming_verify_success': event(['ExpiredTime'], '名称认证成功', 'The name was verified'),
  'event.naming_verify_fail': event(['FailTime', 'FailReason'], '名称认证失败', 'The name was not verified'),
  'event.annual_renew': event(['ExpiredTime'], '年审通知', 'The yearly verification is due'),
  'event.verify_expired': event(['ExpiredTime'], '认证过期失效', 'The verification has expired'),
  'event.debug_demo': event(['debug_str'], '官方调试工具发出的事件', 'An event of WeChat’s debugging tool'),

  'authorizer.authorized': notice(
    ['state', 'scopes', 'linkId'],
    '帐号授权成功，调用已可用',
    'An account authorized; calls for it work',
  ),
  'authorizer.updated': notice(['state', 'scopes', 'linkId'], '帐号更新授权', 'An account changed its authorization'),
  'authorizer.unauthorized': notice(
    ['state', 'scopes', 'linkId'],
    '帐号取消授权',
    'An account revoked its authorization',
  ),

  'component.notify_third_fasteregister': notice(
    ['fields'],
    '快速注册企业小程序的结果',
    'The result of the fast registration of a mini program',
  ),
  'component.notify_third_fastregisterbetaapp': notice(
    ['fields'],
    '试用小程序创建结果',
    'A trial mini program was created',
  ),
  'component.notify_third_fastverifybetaapp': notice(
    ['fields'],
    '试用小程序转正结果',
    'The verification of a trial mini program',
  ),
  'component.notify_3rd_wxa_auth': notice(
    ['fields'],
    '小程序认证任务进度',
    'The progress of a mini program’s verification',
  ),
  'component.notify_3rd_wxa_wxverify': notice(
    ['fields'],
    '小程序认证即将到期或已到期',
    'A mini program’s verification expires or has expired',
  ),
  'component.notify_icpfiling_verify_result': notice(
    ['fields'],
    '备案人脸核身结果',
    'The face verification of an ICP filing',
  ),
  'component.notify_apply_icpfiling_result': notice(['fields'], '备案状态变化', 'The state of an ICP filing'),
  'component.notify_3rd_wxa_auth_and_icp': notice(
    ['fields'],
    '认证及备案任务进度',
    'The progress of a combined verification and ICP filing',
  ),

  'subscription.paused': notice(
    ['subscription', 'reason', 'failingSince'],
    '订阅被自动暂停',
    'A subscription was paused automatically',
  ),
  'release_check.finished': notice(
    ['releaseCheck', 'kind', 'state', 'startedAt', 'finishedAt', 'steps'],
    '全网发布接入检测结束',
    'A release check is finished',
  ),
  unreadable: notice(
    ['xml'],
    '签名有效但内容无法识别的推送；只有明确订阅才会送达',
    'A push with a valid signature and content that cannot be read; delivered only where it is named',
  ),
} satisfies Record<string, PushTypeDescription>;

/** A type with documentation. */
export type DocumentedPushType = keyof typeof pushTypes;

/** The passive replies that are permitted after a push of this type; a message of an unknown type counts as a message. */
export function repliesTo(type: string): readonly ReplyName[] {
  return described(type)?.replies ?? (type.startsWith('message.') ? replyNames : []);
}

/** For how long a customer message may answer a push of this type; null: not at all. */
export function lateWindowMs(type: string): number | null {
  const description = described(type);
  if (description) return description.lateWindowMs;
  return type.startsWith('message.') ? MESSAGE_WINDOW_MS : null;
}

function described(type: string): PushTypeDescription | undefined {
  return Object.hasOwn(pushTypes, type) ? pushTypes[type as DocumentedPushType] : undefined;
}

function message(fields: readonly string[], zh: string, en: string): PushTypeDescription {
  return {
    // The last two: only of a message that was sent from an article.
    fields: [...fields, 'MsgId', 'MsgDataId', 'Idx'],
    replies: replyNames,
    lateWindowMs: MESSAGE_WINDOW_MS,
    description: { zh, en },
  };
}

function event(
  fields: readonly string[],
  zh: string,
  en: string,
  { replies = [], lateWindowMs = null }: Partial<Pick<PushTypeDescription, 'replies' | 'lateWindowMs'>> = {},
): PushTypeDescription {
  return { fields, replies, lateWindowMs, description: { zh, en } };
}

function notice(fields: readonly string[], zh: string, en: string): PushTypeDescription {
  return { fields, replies: [], lateWindowMs: null, description: { zh, en } };
}
