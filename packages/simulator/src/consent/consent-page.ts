import type { Account, AccountKind } from '../account.ts';
import { AUTH_CODE_TTL_S } from '../grant.ts';
import { errorPage } from '../page/error-page.ts';
import { escaped, htmlPage } from '../page/html.ts';
import type { Language } from '../page/language.ts';
import { deliver } from '../push/deliver.ts';
import type { World } from '../world.ts';
import { consentPush, giveConsent } from './consent.ts';

/** The PC form, the H5 form, and the old H5 form (protocol §3.4). */
export const CONSENT_PATHS = ['/cgi-bin/componentloginpage', '/wxaopen/safe/bindcomponent', '/safe/bindcomponent'];

// Channels, promoters and shops are not simulated: their forms list no accounts.
const KINDS: Record<string, AccountKind[]> = {
  '1': ['official-account'],
  '2': ['mini-program'],
  '3': ['official-account', 'mini-program'],
  '4': [],
  '5': [],
  '6': ['official-account', 'mini-program'],
  '8': [],
};

export interface Visit {
  readonly method: string;
  readonly query: URLSearchParams;
  readonly form: URLSearchParams;
  readonly referer: string | undefined;
  readonly language: Language;
}

export type Page = { readonly html: string } | { readonly location: string };

/** GET lists the accounts that can consent; POST of `appid` consents, pushes and redirects the browser back. */
export function consentPage(world: World, visit: Visit): Page {
  const { query, language } = visit;
  const component = world.components.get(query.get('component_appid') ?? '');
  if (component === undefined) return errorPage('component_appid is unknown', language);
  const preAuthCode = query.get('pre_auth_code') ?? '';
  const judged = world.grants.judgePreAuthCode(component.appid, preAuthCode);
  if (judged !== 'valid') return errorPage(`pre_auth_code is ${judged}`, language);
  const redirectUri = query.get('redirect_uri') ?? '';
  if (!/^https?:\/\//.test(redirectUri) || !URL.canParse(redirectUri))
    return errorPage('redirect_uri is not a URL', language);
  const bizAppid = query.get('biz_appid') ?? '';
  const kinds = KINDS[query.get('auth_type') ?? ''];
  if (kinds === undefined && bizAppid === '') return errorPage('auth_type is unknown', language);
  const candidates = [...world.accounts.values()].filter((account) =>
    // biz_appid overrides auth_type.
    bizAppid !== '' ? account.appid === bizAppid : kinds?.includes(account.kind),
  );
  const categories = (query.get('category_id_list') ?? '')
    .split('|')
    .map(Number)
    .filter((id) => id > 0);
  if (visit.method !== 'POST') {
    if (world.options.requireReferer && visit.referer === undefined)
      return errorPage('open this page from your own page', language);
    return { html: listing(world, component.appid, candidates, language, categories) };
  }

  const chosen = candidates.find((account) => account.appid === visit.form.get('appid'));
  if (chosen === undefined) return errorPage('this account cannot consent here', language);
  const consent = giveConsent(world, component, chosen, categories.length > 0 ? categories : null, preAuthCode);
  // Push and redirect arrive in any order, as at WeChat.
  if (consent.change !== 'unchanged') void deliver(world, consentPush(world, component, consent));
  return { location: withCode(redirectUri, consent.redirectCode, world.clock.expiresIn(AUTH_CODE_TTL_S)) };
}

// Appended as text, because the rest of the redirect_uri must stay exactly as it was given.
function withCode(redirectUri: string, code: string, expiresIn: number): string {
  const [address = '', ...fragment] = redirectUri.split('#');
  const query = `auth_code=${encodeURIComponent(code)}&expires_in=${expiresIn}`;
  const hash = fragment.length > 0 ? `#${fragment.join('#')}` : '';
  return `${address}${address.includes('?') ? '&' : '?'}${query}${hash}`;
}

function listing(world: World, component: string, accounts: Account[], language: Language, only: number[]): string {
  const t = TEXTS[language];
  const rows = accounts.map((account) => {
    const again = world.grants.live(component, account.appid) !== undefined;
    return `<form class="card" method="post"><input type="hidden" name="appid" value="${escaped(account.appid)}">
<div class="account"><span class="face" aria-hidden="true">${escaped([...account.nickName][0] ?? '?')}</span>
<div><strong>${escaped(account.nickName)}</strong><span class="quiet">${t[account.kind]}${again ? ` · ${t.again}` : ''}</span>
<code>${escaped(account.appid)}</code></div></div>
<button type="submit">${t.button}</button></form>`;
  });
  const sets = only.length > 0 ? `<p class="quiet">${t.sets}: ${only.join(', ')}</p>\n` : '';
  const body = `<p>${t.intro} <code>${escaped(component)}</code></p>
${sets}${rows.length > 0 ? rows.join('\n') : `<p class="card">${t.none}</p>`}
<p class="quiet">${t.instead}</p>`;
  return htmlPage({ language, title: t.title, body });
}

const TEXTS = {
  zh: {
    title: '公众平台帐号授权',
    intro: '选择要授权给此第三方平台的帐号：',
    button: '授权',
    again: '已授权，可再次授权',
    sets: '仅授权这些权限集',
    none: '没有可授权的帐号：模拟微信没有符合此条件（auth_type 或 biz_appid）的帐号。它不模拟视频号、推客与带货助手。',
    instead: '在真正的微信里，管理员在这里扫码确认。',
    'official-account': '公众号',
    'mini-program': '小程序',
  },
  en: {
    title: 'Authorize an account',
    intro: 'Choose the account that authorizes this third-party platform:',
    button: 'Authorize',
    again: 'has authorized; may again',
    sets: 'Only these permission sets are granted',
    none: 'No account can consent here: the simulated WeChat has none for this auth_type or biz_appid. It lacks channels, promoters and sales assistants.',
    instead: 'At the real WeChat, the administrator scans a code here.',
    'official-account': 'Official account',
    'mini-program': 'Mini program',
  },
} as const satisfies Record<Language, Record<string, string>>;
