import type { Language } from '../http/language.ts';
import type { HomeComponent, HomeState, NotReadyReason } from './home-state.ts';

export interface HomeTexts {
  readonly subtitle: string;
  readonly headline: Readonly<Record<'ready' | 'notReady' | 'degraded' | 'unavailable', string>>;
  readonly unavailable: Readonly<Record<HomeState['unavailable'][number], string>>;
  readonly ready: string;
  readonly notReady: string;
  readonly reasons: Readonly<Record<NotReadyReason, string>>;
  readonly refusedPushes: Readonly<Record<HomeComponent['refusedPushes'][number], string>>;
  readonly errcode: (errcode: number) => string;
  readonly component: string;
  readonly accounts: string;
  readonly subscriptions: string;
  readonly subscriptionCounts: (counts: HomeState['subscriptions']) => string;
  readonly unknown: string;
  readonly lastPush: string;
  readonly never: string;
  readonly links: Readonly<Record<'console' | 'docs' | 'openapi' | 'board' | 'readyz', string>>;
  readonly otherLanguage: { readonly label: string; readonly code: Language };
  readonly refreshes: string;
}

export const homeTexts: Readonly<Record<Language, HomeTexts>> = {
  zh: {
    subtitle: '微信第三方平台',
    headline: {
      ready: '运行正常',
      notReady: '尚未就绪',
      degraded: '部分可用',
      unavailable: '暂不可用',
    },
    unavailable: {
      redis: 'Redis 没有响应：现在无法接收推送，也无法调用接口。',
      database: '数据库没有响应：仍可接收推送，帐号信息和授权暂不可用。',
      wechat: '微信拒绝了本机的出口 IP（61004），或本机无法连接微信：请检查微信开放平台的白名单 IP 列表。',
    },
    ready: '就绪',
    notReady: '未就绪',
    reasons: {
      no_ticket:
        '还没有收到 component_verify_ticket。微信每十分钟推送一次；请检查开放平台的“授权事件接收 URL”、Token 和 EncodingAESKey。',
      ticket_expired: '最近收到的 component_verify_ticket 已过期（有效期 12 小时）：微信的推送没有到达这里。',
      component_token_failing: '获取 component_access_token 失败：请检查 AppSecret 和白名单 IP 列表。',
    },
    refusedPushes: {
      signature: '收到的推送签名不符，已拒绝：请检查消息校验 Token。',
      decryption: '收到的推送无法解密，已拒绝：请检查 EncodingAESKey。',
      appid: '收到的推送属于另一个平台，已拒绝：请检查 URL 中的 AppID。',
      envelope: '收到的请求不是微信的加密推送，已拒绝。',
    },
    errcode: (errcode) => `微信返回 ${errcode}`,
    component: '第三方平台',
    accounts: '已授权帐号',
    subscriptions: '推送订阅',
    subscriptionCounts: ({ active, failing, paused }) => `正常 ${active}，失败中 ${failing}，已暂停 ${paused}`,
    unknown: '未知',
    lastPush: '最近一次推送',
    never: '尚无',
    links: {
      console: '运维控制台',
      docs: 'API 文档',
      openapi: 'OpenAPI 描述',
      board: '任务队列（Bull Board）',
      readyz: '健康检查',
    },
    otherLanguage: { label: 'English', code: 'en' },
    refreshes: '本页每 15 秒刷新一次。',
  },
  en: {
    subtitle: 'WeChat third-party platform',
    headline: {
      ready: 'Ready',
      notReady: 'Not ready yet',
      degraded: 'Partly available',
      unavailable: 'Unavailable',
    },
    unavailable: {
      redis: 'Redis does not answer: pushes cannot be accepted and APIs cannot be called.',
      database: 'The database does not answer: pushes are accepted, but accounts and consent are unavailable.',
      wechat:
        'WeChat refuses the IP address of this host (61004) or cannot be reached from it: check the IP allow-list at the WeChat Open Platform.',
    },
    ready: 'ready',
    notReady: 'not ready',
    reasons: {
      no_ticket:
        'No component_verify_ticket has been received. WeChat pushes one every ten minutes; check the event URL, the Token and the EncodingAESKey at the WeChat Open Platform.',
      ticket_expired:
        'The last component_verify_ticket has expired (it is valid for 12 hours): pushes from WeChat do not arrive here.',
      component_token_failing:
        'The component_access_token cannot be fetched: check the AppSecret and the IP allow-list.',
    },
    refusedPushes: {
      signature: 'Pushes were refused because their signature is wrong: check the Token.',
      decryption: 'Pushes were refused because they cannot be decrypted: check the EncodingAESKey.',
      appid: 'Pushes were refused because they belong to another platform: check the appid in the URL.',
      envelope: 'Requests were refused because they are not encrypted pushes from WeChat.',
    },
    errcode: (errcode) => `WeChat answered ${errcode}`,
    component: 'Component',
    accounts: 'Authorized accounts',
    subscriptions: 'Subscriptions',
    subscriptionCounts: ({ active, failing, paused }) => `${active} active, ${failing} failing, ${paused} paused`,
    unknown: 'unknown',
    lastPush: 'Last push',
    never: 'none yet',
    links: {
      console: 'Console',
      docs: 'API reference',
      openapi: 'OpenAPI description',
      board: 'Queues (Bull Board)',
      readyz: 'Health check',
    },
    otherLanguage: { label: '中文', code: 'zh' },
    refreshes: 'This page refreshes every 15 seconds.',
  },
};
