import { escaped, htmlPage } from './html.ts';
import type { Language } from './language.ts';

/** Why a page cannot be shown; the key is shown, too, for the developer. The texts say what to do. */
const REASONS = {
  'component_appid is unknown': {
    zh: '模拟微信里没有这个第三方平台。请检查 component_appid 与模拟器的设置是否一致。',
    en: 'The simulated WeChat has no such platform. Compare component_appid with the settings of the simulator.',
  },
  'pre_auth_code is unknown': {
    zh: '预授权码不存在。请回到第三方平台，重新打开授权链接。',
    en: 'There is no such pre-auth code. Go back to the platform and open its authorization link again.',
  },
  'pre_auth_code is expired': {
    zh: '预授权码已过期。请回到第三方平台，重新打开授权链接。',
    en: 'The pre-auth code has expired. Go back to the platform and open its authorization link again.',
  },
  'pre_auth_code is used': {
    zh: '预授权码已使用：授权已经完成，或页面被重复提交。如需再次授权，请重新打开授权链接。',
    en: 'The pre-auth code has been used: the consent was given already. To consent again, open the authorization link again.',
  },
  'redirect_uri is not a URL': {
    zh: 'redirect_uri 不是完整的 http 或 https 网址。请联系第三方平台的开发者。',
    en: 'redirect_uri is no complete http or https address. The developer of the platform has to correct it.',
  },
  'auth_type is unknown': {
    zh: 'auth_type 不正确。可用的值是 1、2、3、4、5、6、8。',
    en: 'auth_type is none of 1, 2, 3, 4, 5, 6 and 8.',
  },
  'open this page from your own page': {
    zh: '请从第三方平台自己的页面进入：微信会检查授权入口页的域名。',
    en: 'Open this page from a page of the platform: WeChat checks the domain of the page before.',
  },
  'this account cannot consent here': {
    zh: '这个帐号不能在此授权。请返回并选择列表中的帐号。',
    en: 'This account cannot consent here. Go back and choose one of the list.',
  },
  'appid is unknown': {
    zh: '模拟微信里没有这个帐号。请检查 appid，或用 POST /_control/accounts 添加它。',
    en: 'The simulated WeChat has no such account. Check the appid, or add it with POST /_control/accounts.',
  },
  'this account has not authorized': {
    zh: '这个帐号尚未授权给该第三方平台。请先完成授权。',
    en: 'This account has not authorized (consented to) this platform. It has to do so first.',
  },
  'response_type must be code': {
    zh: 'response_type 必须是 code。',
    en: 'response_type must be code.',
  },
  'scope is unknown': {
    zh: 'scope 必须是 snsapi_base 或 snsapi_userinfo。',
    en: 'scope must be snsapi_base or snsapi_userinfo.',
  },
  'state is too long': {
    zh: 'state 最长 128 字节。',
    en: 'state has at most 128 bytes.',
  },
  'this page is not simulated': {
    zh: '模拟微信没有这个页面；真正的微信可能有。首页列出了它具备的功能。',
    en: 'The simulated WeChat lacks this page; the real one may have it. The start page lists what there is.',
  },
} as const satisfies Record<string, Record<Language, string>>;

export type PageReason = keyof typeof REASONS;

export function errorPage(reason: PageReason, language: Language): { readonly html: string } {
  const body = `<p class="error">${escaped(REASONS[reason][language])}</p>\n<p class="quiet"><code>${escaped(reason)}</code></p>`;
  return { html: htmlPage({ language, title: language === 'zh' ? '请求错误' : 'Request error', body }) };
}
