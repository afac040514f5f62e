import { Failure } from '@wxthirdparty/wechat';
import { channelLua } from '../redis/keys.ts';
import type { TokenFailure } from '../token/token-store.ts';

export type NotReadyReason = 'no_ticket' | 'ticket_expired' | 'component_token_failing';

export class NotReadyFailure extends Failure {
  readonly reasons: readonly NotReadyReason[];

  /** `failure`: why its token cannot be fetched. What needs an operator is not presented as a matter of waiting. */
  constructor(component: string, reasons: readonly NotReadyReason[], failure?: TokenFailure) {
    const cause = failure === undefined ? '' : ` ${failure.message}`;
    const remedy = failure?.remedy === 'operator' ? 'operator' : 'retry';
    super('not_ready', remedy, `Component ${component} cannot act now: ${reasons.join(', ')}.${cause}`, {
      retryAfterMs: 5_000,
      ...(failure?.errcode === undefined ? {} : { errcode: failure.errcode }),
    });
    this.reasons = reasons;
  }
}

/**
 * Writes the readiness flag from both records: a live ticket, and no fetch that failed since the component token was
 * last trusted. Part of each script that changes either, so that the flag never lags behind. It lives as long as the
 * ticket. Needs `now`; `at` holds Lua expressions of the three keys.
 */
export function readinessLua(at: { token: string; ticket: string; ready: string }): string {
  return `
local ticketEnds = tonumber(redis.call('HGET', ${at.ticket}, 'expiresAt') or '0')
local failures = tonumber(redis.call('HGET', ${at.token}, 'failures') or '0')
local failedAt = tonumber(redis.call('HGET', ${at.token}, 'failedAt') or '0')
local lastTrusted = tonumber(redis.call('HGET', ${at.token}, 'trustedUntil') or '0')
local was = redis.call('EXISTS', ${at.ready})
local is = 0
if ticketEnds > now and not (failures > 0 and failedAt >= lastTrusted) then
  is = 1
  redis.call('SET', ${at.ready}, '1', 'PXAT', string.format('%.0f', ticketEnds))
else
  redis.call('DEL', ${at.ready})
end
if was ~= is then redis.call('PUBLISH', ${channelLua(at.ready, 'readiness')}, ${at.ready} .. ' ' .. is) end
`;
}
