/** The parameters of a consent page (protocol §3.4). */
export interface ConsentPage {
  /** `pc` shows a QR code; `mobile` is opened inside WeChat. */
  readonly style: 'pc' | 'mobile';
  readonly component: string;
  readonly preAuthCode: string;
  /** WeChat adds `auth_code` and `expires_in`; it has no `state`, so our own must be part of this URL. */
  readonly redirectUri: string;
  /** 1 official accounts, 2 mini programs, 3 both, 4 promoters, 5 channels, 6 all, 8 sales assistants. */
  readonly authType: number;
  /** Selects one account; WeChat then ignores `authType`. */
  readonly bizAppid?: string | undefined;
  /** Permission-set ids joined by `|`; all sets of the component if it is missing. */
  readonly categoryIdList?: string | undefined;
}

/** The page on which a merchant's admin consents. WeChat requires a Referer of our domain. */
export function consentUrl(page: ConsentPage, bases: { readonly mpBase: string; readonly openBase: string }): string {
  const query = new URLSearchParams(page.style === 'mobile' ? { action: 'bindcomponent', no_scan: '1' } : {});
  query.set('component_appid', page.component);
  query.set('pre_auth_code', page.preAuthCode);
  query.set('redirect_uri', page.redirectUri);
  query.set('auth_type', String(page.authType));
  if (page.bizAppid !== undefined) query.set('biz_appid', page.bizAppid);
  if (page.categoryIdList !== undefined) query.set('category_id_list', page.categoryIdList);
  return page.style === 'mobile'
    ? `${trimmed(bases.openBase)}/wxaopen/safe/bindcomponent?${query}#wechat_redirect`
    : `${trimmed(bases.mpBase)}/cgi-bin/componentloginpage?${query}`;
}

function trimmed(base: string): string {
  return base.replace(/\/+$/, '');
}
