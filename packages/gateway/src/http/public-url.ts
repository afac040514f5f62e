/** The address of this gateway on the internet. A function, since without PUBLIC_URL it depends on the port, which may be chosen late. */
export type PublicUrl = () => string;

export function callbackUrl(publicUrl: PublicUrl, component: string): string {
  return `${publicUrl()}/authorize/${component}/callback`;
}

/** Where a merchant opens an authorization link. */
export function linkUrl(publicUrl: PublicUrl, component: string, linkId: string): string {
  return `${publicUrl()}/authorize/${component}?link=${linkId}`;
}

/** What an operator enters at the Open Platform; `$APPID$` stays as it is there. */
export function pushUrls(
  publicUrl: PublicUrl,
  component: string,
): { readonly events: string; readonly messages: string } {
  const base = `${publicUrl()}/wechat/${component}`;
  return { events: `${base}/events`, messages: `${base}/messages/$APPID$` };
}
