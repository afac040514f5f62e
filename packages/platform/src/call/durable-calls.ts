import { Failure } from '@wxthirdparty/wechat';
import type { Events } from '../events.ts';
import { type Confirmed, ConfirmedScript, type ConfirmedScriptOptions } from '../redis/confirmed-script.ts';
import type { RedisClient } from '../redis/connect.ts';
import { defineScript } from '../redis/script.ts';
import type { CallId } from './call-id.ts';
import { CALL_CLAIM, type Denial, type DeniedReply, toDenial } from './depart.ts';

/** `denied`: why the call must not be sent. `unconfirmed`: a failover may lose the claim, if there is one. */
export type DurableClaim = 'confirmed' | 'unconfirmed' | { readonly denied: Denial };

type Reply = ['written'] | DeniedReply;

/**
 * One script for both, so that both share a wait. `run`: empty at acceptance, where a field is written again that the record has
 * already; a replica that has received it has received the call and its place in the lane, too, which are in the same slot.
 */
const write = defineScript({
  uses: [CALL_CLAIM],
  keys: ['record'],
  args: ['run', 'safeToRepeat'],
  lua: `
if run == '' then
  if redis.call('EXISTS', record) == 0 then return { 'gone' } end
  redis.call('HSET', record, 'durable', '1')
  return { 'written' }
end
local denied = call_denied(record, run, safeToRepeat)
if denied then return denied end
call_claim(record, run)
return { 'written' }`,
  decode: (reply: Reply) => reply,
});

function confirmedWrite(redis: RedisClient, options: ConfirmedScriptOptions) {
  return new ConfirmedScript(redis, write, options);
}

/** What a replica of Redis confirms about calls that ask for it. On a Redis without replicas nothing is waited for. */
export class DurableCalls {
  readonly #redis: RedisClient;
  readonly #events: Events;
  readonly #confirmed: ReturnType<typeof confirmedWrite>;

  /** The connection has no other use. */
  constructor(redis: RedisClient, events: Events, options: ConfirmedScriptOptions = {}) {
    this.#redis = redis;
    this.#events = events;
    this.#confirmed = confirmedWrite(redis, options);
  }

  close(): void {
    this.#confirmed.close();
  }

  /**
   * A call that was accepted. One that is not confirmed stays accepted; one that has vanished, since a failover has lost it, is
   * refused: Failure `redis_unreachable`.
   */
  async accept(call: CallId): Promise<void> {
    const accepted = await this.#write(call, '', false).catch(() => undefined);
    if (accepted?.answer[0] === 'gone') {
      throw new Failure('redis_unreachable', 'retry', 'A failover of Redis has lost the call.', {
        retryAfterMs: 1_000,
      });
    }
    if (accepted === undefined || accepted.isConfirmed === false) this.#report('call');
  }

  /** Claims a call for this run, before it departs. What Redis refuses is not confirmed. */
  async claim(call: CallId, runId: string, safeToRepeat: boolean): Promise<DurableClaim> {
    const claimed = await this.#write(call, runId, safeToRepeat).catch(() => undefined);
    if (claimed !== undefined) {
      const { answer, isConfirmed } = claimed;
      if (answer[0] !== 'written') return { denied: toDenial(answer) };
      if (isConfirmed !== false) return 'confirmed';
    }
    this.#report('departure');
    return 'unconfirmed';
  }

  #write({ component, appid, id }: CallId, run: string, safeToRepeat: boolean): Promise<Confirmed<Reply>> {
    return this.#confirmed.run({ record: this.#redis.keyspace.call(component, appid, id) }, { run, safeToRepeat });
  }

  #report(what: 'call' | 'departure'): void {
    this.#events.publish('redis', { what: 'wait_unacked', write: what });
  }
}
