import { createHash } from 'node:crypto';

export interface SignedPage {
  readonly ticket: string;
  readonly nonceStr: string;
  /** Seconds since 1970. */
  readonly timestamp: number;
  /** As the page's `location.href` reads; what follows `#` is not signed. */
  readonly url: string;
}

/** The signature for `wx.config` (protocol §4.12): all values raw, not URL-encoded. */
export function jsSignature({ ticket, nonceStr, timestamp, url }: SignedPage): string {
  const signed = `jsapi_ticket=${ticket}&noncestr=${nonceStr}&timestamp=${timestamp}&url=${withoutFragment(url)}`;
  return createHash('sha1').update(signed).digest('hex');
}

function withoutFragment(url: string): string {
  return url.split('#', 1)[0]!;
}
