import { Failure } from '@wxthirdparty/wechat';
import { channelLua } from '../redis/keys.ts';
import { REDIS_CLOCK, type SharedLua } from '../redis/script.ts';
import type { TokenFailure } from '../token/token-store.ts';

export type NotReadyReason = 'no_ticket' | 'ticket_expired' | 'component_token_failing';

export class NotReadyFailure extends Failure {
  readonly reasons: readonly NotReadyReason[];

  /** `failure`: why its token cannot be fetched. If that needs an operator, so does this failure. */
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
 * `readiness_update(token, ticket, ready)` writes the readiness flag from both records: a live ticket, and no fetch that
 * failed since the component token was last trusted. Part of each script that changes either, so that the flag never lags
 * behind. It lives as long as the ticket.
 */
export const READINESS: SharedLua = {
  uses: [REDIS_CLOCK],
  lua: `
local function readiness_update(token, ticket, ready)
  local ticketEnds = tonumber(redis.call('HGET', ticket, 'expiresAt') or '0')
  local failures = tonumber(redis.call('HGET', token, 'failures') or '0')
  local failedAt = tonumber(redis.call('HGET', token, 'failedAt') or '0')
  local lastTrusted = tonumber(redis.call('HGET', token, 'trustedUntil') or '0')
  local was = redis.call('EXISTS', ready)
  local is = 0
  if ticketEnds > now and not (failures > 0 and failedAt >= lastTrusted) then
    is = 1
    redis.call('SET', ready, '1', 'PXAT', ms(ticketEnds))
  else
    redis.call('DEL', ready)
  end
  if was ~= is then redis.call('PUBLISH', ${channelLua('ready', 'readiness')}, ready .. ' ' .. is) end
end
`,
};
