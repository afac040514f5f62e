import type { Language } from '../http/language.ts';

export interface Words {
  readonly title: string;
  /** What has happened. */
  readonly cause: string;
  /** What to do now. */
  readonly wayOut: string;
}

type Text = Readonly<Record<Language, Words>>;

/** Every page of ours, by what it says. Words in braces are filled in. */
export const pages = {
  toWeChat: {
    zh: {
      title: '正在前往微信授权页',
      cause: '请在微信页面上选择要授权的公众号或小程序，并由管理员确认。',
      wayOut:
        '如果没有自动跳转，请点击按钮。如果微信提示“请确认授权入口页所在域名”，请联系服务商：需在微信开放平台把 {host} 登记为登录授权的发起页域名。',
    },
    en: {
      title: 'Taking you to WeChat',
      cause: 'On WeChat’s page choose the official account or mini program; its administrator confirms.',
      wayOut:
        'If nothing happens, use the button. If WeChat complains about the domain of the entry page, tell your provider: {host} must be registered at the WeChat Open Platform as the domain where authorization begins.',
    },
  },
  authorized: {
    zh: {
      title: '授权成功',
      cause: '以下帐号已授权给第三方平台，平台现在可以代其调用接口、接收消息。',
      wayOut: '您可以关闭此页面。如需取消授权，请由管理员在微信公众平台的“授权管理”中操作。',
    },
    en: {
      title: 'Authorized',
      cause: 'This account has authorized the third-party platform, which can now act for it and receive its messages.',
      wayOut:
        'You can close this page. To end the authorization, the administrator opens the authorization settings of the account at WeChat.',
    },
  },
  pending: {
    zh: {
      title: '正在确认授权',
      cause: '微信已返回授权码，但平台还没有得到授权结果，通常只需几秒钟。目前还不能确定授权是否成功。',
      wayOut: '本页会自动刷新，直到有结果为止；请不要关闭，也不需要重新授权。',
    },
    en: {
      title: 'Almost there',
      cause:
        'WeChat has returned a code, but the platform has no result for it yet; usually that takes a few seconds. It is not certain yet that the account is authorized.',
      wayOut: 'This page reloads by itself until there is a result. Keep it open; you need not consent again.',
    },
  },
} as const satisfies Readonly<Record<string, Text>>;

/** Errors by their code. */
const errors: Readonly<Record<string, Text>> = {
  not_ready: {
    zh: {
      title: '平台暂未就绪',
      cause: '平台正在等待微信推送的凭证（component_verify_ticket），现在还不能发起授权。',
      wayOut: '本页会自动重试；微信每十分钟推送一次。若超过二十分钟仍未恢复，请联系服务商。',
    },
    en: {
      title: 'Not ready yet',
      cause: 'The platform is waiting for a credential that WeChat pushes to it, and cannot start an authorization.',
      wayOut: 'This page tries again by itself; WeChat pushes every ten minutes. After twenty, tell your provider.',
    },
  },
  unknown_component: {
    zh: {
      title: '链接不正确',
      cause: '此处没有这个第三方平台。',
      wayOut: '请检查链接是否完整，或向服务商索取新的链接。',
    },
    en: {
      title: 'Wrong address',
      cause: 'There is no such platform here.',
      wayOut: 'Check that the address is complete, or ask your provider for a new one.',
    },
  },
  unknown_link: {
    zh: { title: '链接无效', cause: '没有这个授权链接。', wayOut: '请检查链接是否完整，或向服务商索取新的链接。' },
    en: {
      title: 'No such link',
      cause: 'This authorization link does not exist.',
      wayOut: 'Check that the address is complete, or ask your provider for a new link.',
    },
  },
  too_many_openings: {
    zh: {
      title: '打开次数过多',
      cause: '短时间内授权页被打开的次数过多，我们暂停向微信申请新的授权。',
      wayOut:
        '请过几分钟再打开。若您是平台的运营者，且网关前有代理：请设置 TRUST_PROXY，否则所有访问者会被当作同一个地址。',
    },
    en: {
      title: 'Opened too often',
      cause: 'The authorization page was opened too often in a short time, so no new authorization is started now.',
      wayOut:
        'Open it again in some minutes. If you run this platform behind a proxy, set TRUST_PROXY: otherwise all visitors count as one address.',
    },
  },
  link_expired: {
    zh: { title: '链接已过期', cause: '此授权链接已超过有效期。', wayOut: '请向服务商索取新的链接。' },
    en: {
      title: 'The link has expired',
      cause: 'This authorization link was good for a limited time.',
      wayOut: 'Ask your provider for a new link.',
    },
  },
  link_used: {
    zh: {
      title: '链接已使用',
      cause: '已有帐号通过此链接完成授权，每个链接只能使用一次。',
      wayOut: '如需授权其他帐号，请向服务商索取新的链接。',
    },
    en: {
      title: 'The link has been used',
      cause: 'An account has authorized by this link; each link works once.',
      wayOut: 'To authorize another account, ask your provider for a new link.',
    },
  },
  consent_mismatch: {
    zh: {
      title: '无法确认授权来源',
      cause: '本次授权不是从这个浏览器发起的，或浏览器没有保存 Cookie。为保护您的帐号，我们没有继续。',
      wayOut: '请在同一个浏览器里重新打开授权链接；如已禁用 Cookie，请先启用。',
    },
    en: {
      title: 'Not started in this browser',
      cause:
        'This consent was not started in this browser, or the browser keeps no cookies. To protect your account we did not go on.',
      wayOut: 'Open the authorization link again and stay in one browser; allow cookies if you block them.',
    },
  },
  consent_expired: {
    zh: { title: '授权已超时', cause: '从打开授权页到返回的时间太长。', wayOut: '请重新打开授权链接。' },
    en: {
      title: 'That took too long',
      cause: 'Too much time passed between the redirect to WeChat and the return.',
      wayOut: 'Open the authorization link again.',
    },
  },
  consent_missing: {
    zh: { title: '没有完成授权', cause: '微信没有返回授权码，授权可能被取消了。', wayOut: '请重新打开授权链接。' },
    en: {
      title: 'Nothing was authorized',
      cause: 'WeChat sent no code; perhaps the consent was cancelled.',
      wayOut: 'Open the authorization link again.',
    },
  },
  auth_code_refused: {
    zh: { title: '授权码无效', cause: '微信不接受这个授权码：它已被使用或已过期。', wayOut: '请重新打开授权链接。' },
    en: {
      title: 'The code is not good',
      cause: 'WeChat does not take the code: it was used before, or has expired.',
      wayOut: 'Open the authorization link again.',
    },
  },
  wrong_account: {
    zh: {
      title: '帐号不符',
      cause: '此链接是为另一个帐号准备的，您刚才授权的是别的帐号。',
      wayOut: '请重新打开链接并选择正确的帐号，或向服务商索取适用于该帐号的链接。',
    },
    en: {
      title: 'Another account was expected',
      cause: 'This link is for one account, and a different one consented.',
      wayOut: 'Open the link again and choose the right account, or ask your provider for a link for this one.',
    },
  },
  wrong_account_type: {
    zh: {
      title: '帐号类型不符',
      cause: '此链接只接受另一种类型的帐号（公众号或小程序）。',
      wayOut: '请重新打开链接并选择正确类型的帐号，或向服务商索取新的链接。',
    },
    en: {
      title: 'Wrong kind of account',
      cause: 'This link is for the other kind of account (official account or mini program).',
      wayOut: 'Open the link again and choose an account of the right kind, or ask your provider for a new link.',
    },
  },
  entry_domain: {
    zh: {
      title: '请从平台的域名进入',
      cause: '您打开的是 {here}，而微信只接受从 {host} 发起的授权。',
      wayOut: '请点击按钮。若您是平台的运营者：请让代理传递原始 Host（或设置 TRUST_PROXY），或修改 PUBLIC_URL。',
    },
    en: {
      title: 'Please enter by the platform’s domain',
      cause: 'You opened {here}, but WeChat takes authorizations only from {host}.',
      wayOut:
        'Use the button. If you run this platform: let your proxy pass the Host header (or set TRUST_PROXY), or change PUBLIC_URL.',
    },
  },
  invalid_request: {
    zh: { title: '链接不正确', cause: '链接中的参数无法识别：{detail}', wayOut: '请向服务商索取新的链接。' },
    en: {
      title: 'Wrong address',
      cause: 'The address holds something that cannot be: {detail}',
      wayOut: 'Ask your provider for a new link.',
    },
  },
  unexpected: {
    zh: {
      title: '出了点问题',
      cause: '平台遇到意外错误。',
      wayOut: '请稍后再试；若仍不行，请把编号 {incident} 告诉服务商。',
    },
    en: {
      title: 'Something went wrong',
      cause: 'The platform met an unexpected error.',
      wayOut: 'Try again later; if it stays so, tell your provider the number {incident}.',
    },
  },
};

const refused: Text = {
  zh: {
    title: '微信暂未接受',
    cause: '微信拒绝了平台的请求：{detail}',
    wayOut: '请稍后重新打开授权链接；若仍不行，请把上面的内容告诉服务商。',
  },
  en: {
    title: 'WeChat refused',
    cause: 'WeChat refused what the platform asked for: {detail}',
    wayOut: 'Open the link again later; if it stays so, tell your provider what is written above.',
  },
};

/** What the page of an error says; errors that are WeChat's own say so. */
export function wordsOf(code: string, language: Language): Words {
  return (errors[code] ?? refused)[language];
}

/** What the page after a consent names. */
export const factLabels = {
  zh: { 'official-account': '公众号', 'mini-program': '小程序', account: '帐号', platform: '第三方平台' },
  en: {
    'official-account': 'Official account',
    'mini-program': 'Mini program',
    account: 'Account',
    platform: 'Third-party platform',
  },
} as const satisfies Readonly<Record<Language, Readonly<Record<string, string>>>>;
