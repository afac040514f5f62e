import { createHash } from 'node:crypto';
import type { World } from '../world.ts';

/** The message that a page gets from `wx.ready` or `wx.error`. */
export function verifyPage(world: World, query: URLSearchParams): { readonly errMsg: string } {
  const account = world.accounts.get(query.get('appId') ?? '');
  if (account === undefined) return { errMsg: 'config:invalid appid' };
  const now = world.clock.now();
  const { timestamp, nonceStr, url, signature } = Object.fromEntries(query);
  const tickets = [...account.jsTickets].flatMap(([key, issued]) => (key.endsWith(' jsapi') ? issued : []));
  const isGenuine = tickets.some(({ value, expiresAt }) => {
    // The values as they are, in this order (protocol §4.12).
    const signed = `jsapi_ticket=${value}&noncestr=${nonceStr}&timestamp=${timestamp}&url=${url}`;
    return expiresAt > now && createHash('sha1').update(signed).digest('hex') === signature;
  });
  return { errMsg: isGenuine ? 'config:ok' : 'config:invalid signature' };
}
