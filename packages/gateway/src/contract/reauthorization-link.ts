import { ReauthorizeFailure } from '@wxthirdparty/platform';
import { linkUrl, type PublicUrl } from '../http/public-url.ts';

/** Where the merchant can consent again, if the failure requires that. */
export function reauthorizationLinkOf(failure: unknown, publicUrl: PublicUrl): string | undefined {
  if (!(failure instanceof ReauthorizeFailure) || failure.linkId === undefined) return undefined;
  return linkUrl(publicUrl, failure.component, failure.linkId);
}
