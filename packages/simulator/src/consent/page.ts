import type { Account, AccountKind } from '../account.ts';
import { AUTH_CODE_TTL_S } from '../grant.ts';
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
}

export type Page = { readonly html: string } | { readonly location: string };

/** GET lists the accounts that can consent; POST of `appid` consents, pushes and redirects the browser back. */
export function consentPage(world: World, visit: Visit): Page {
  const { query } = visit;
  const component = world.components.get(query.get('component_appid') ?? '');
  if (component === undefined) return errorPage('component_appid is unknown');
  const preAuthCode = query.get('pre_auth_code') ?? '';
  const judged = world.grants.judgePreAuthCode(component.appid, preAuthCode);
  if (judged !== 'valid') return errorPage(`pre_auth_code is ${judged}`);
  const redirectUri = query.get('redirect_uri') ?? '';
  if (!/^https?:\/\//.test(redirectUri) || !URL.canParse(redirectUri)) return errorPage('redirect_uri is not a URL');
  const bizAppid = query.get('biz_appid') ?? '';
  const kinds = KINDS[query.get('auth_type') ?? ''];
  if (kinds === undefined && bizAppid === '') return errorPage('auth_type is unknown');
  const candidates = [...world.accounts.values()].filter((account) =>
    // biz_appid overrides auth_type.
    bizAppid !== '' ? account.appid === bizAppid : kinds?.includes(account.kind),
  );
  if (visit.method !== 'POST') {
    if (world.options.requireReferer && visit.referer === undefined)
      return errorPage('open this page from your own page');
    return { html: listing(component.appid, candidates) };
  }

  const chosen = candidates.find((account) => account.appid === visit.form.get('appid'));
  if (chosen === undefined) return errorPage('this account cannot consent here');
  const categories = (query.get('category_id_list') ?? '')
    .split('|')
    .map(Number)
    .filter((id) => id > 0);
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

function listing(component: string, accounts: Account[]): string {
  const rows = accounts.map(
    (account) =>
      `<form method="post"><input type="hidden" name="appid" value="${escaped(account.appid)}">` +
      `<button type="submit">授权 ${escaped(account.nickName)} (${escaped(account.appid)})</button></form>`,
  );
  const body = rows.length > 0 ? rows.join('\n') : '<p>没有可授权的帐号</p>';
  return document('公众平台帐号授权', `<p>将帐号授权给第三方平台 ${escaped(component)}</p>\n${body}`);
}

export function errorPage(reason: string): Page {
  return { html: document('请求错误', `<p class="error">${escaped(reason)}</p>`) };
}

function document(title: string, body: string): string {
  return `<!doctype html>\n<html lang="zh-CN"><meta charset="utf-8"><title>${title}</title>\n<h1>${title}</h1>\n${body}\n</html>\n`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
