import { ThirdpartyError } from '../thirdparty-error.ts';

/** WeChat's API hosts: the general one, those of regions, and the one for files. */
const WECHAT_HOST = /^(?:(?:[a-z0-9-]+\.)?api\d?|mp)\.weixin\.qq\.com$/;

/** The gateway's URL for an URL of WeChat's. Throws ThirdpartyError for any other host: the token is only for the gateway. */
export function gatewayUrlOf(gateway: string, url: string): string {
  if (url === gateway || url.startsWith(`${gateway}/`)) return url;
  const given = URL.canParse(url) ? new URL(url) : undefined;
  if (given !== undefined && WECHAT_HOST.test(given.hostname)) {
    // As it was written, since the gateway passes on every byte of the query.
    return gateway + url.slice(url.indexOf(given.hostname) + given.hostname.length).replace(/^:\d+/, '');
  }
  const message = 'Only APIs of WeChat can be requested; this URL names another host.';
  throw new ThirdpartyError(message, { code: 'address_not_allowed', remedy: 'fix-request' });
}
