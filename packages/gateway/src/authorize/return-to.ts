import { Failure } from '@wxthirdparty/wechat';
import type { PublicUrl } from '../http/public-url.ts';

const LONGEST = 1024;

/**
 * Where a browser may be sent after the consent: to ourselves and to RETURN_TO_ORIGINS, or an attacker could make our name
 * lead to his page. Throws Failure `invalid_request`.
 */
export class ReturnTo {
  readonly #publicUrl: PublicUrl;
  readonly #origins: ReadonlySet<string>;

  constructor(publicUrl: PublicUrl, origins: readonly string[]) {
    this.#publicUrl = publicUrl;
    this.#origins = new Set(origins.map((origin) => new URL(origin).origin));
  }

  check(returnTo: string): string {
    const own = this.#publicUrl();
    // Browsers drop or change some characters (\t, \n, \) that would change what the address means.
    const url = returnTo.length > LONGEST || /[\s\\\x00-\x1f\x7f]/.test(returnTo) ? null : URL.parse(returnTo, own);
    const good =
      url !== null &&
      /^https?:$/.test(url.protocol) &&
      url.username === '' &&
      url.password === '' &&
      (url.origin === new URL(own).origin || this.#origins.has(url.origin));
    if (good) return url.href;
    throw new Failure(
      'invalid_request',
      'fix-request',
      'return_to must be an address of PUBLIC_URL or of an origin in RETURN_TO_ORIGINS.',
    );
  }
}
