import { randomUUID } from 'node:crypto';
import { type ComponentApi, ERRCODE, Failure, readAnswer, refusal, TransportFailure } from '@wxthirdparty/wechat';
import { componentOwner } from '../component/component-owner.ts';
import type { Components } from '../component/components.ts';
import type { Clears, ClearsThisMonth } from '../quota/clears.ts';
import type { TokenStore } from '../token/token-store.ts';
import type { Call } from './call.ts';
import type { CallAccounts } from './call-accounts.ts';
import type { Calls } from './calls.ts';
import { outcomeUnknown } from './verdict.ts';

const DEPART_TIMEOUT_MS = 30_000;
const SETTLE_TIMEOUT_MS = 60_000;

/**
 * Clears quotas at WeChat, when an operator has decided so: it spends one of ten a month, so it is asked for once, and
 * what nobody knows is told as such.
 */
export class QuotaClearing {
  readonly #o: {
    readonly api: Pick<ComponentApi, 'clearQuotas'>;
    readonly components: Components;
    readonly accounts: CallAccounts;
    readonly calls: Pick<Calls, 'submit' | 'settled' | 'cancel'>;
    readonly clears: Clears;
    readonly tokenStore: TokenStore;
  };

  constructor(options: {
    api: Pick<ComponentApi, 'clearQuotas'>;
    components: Components;
    accounts: CallAccounts;
    calls: Pick<Calls, 'submit' | 'settled' | 'cancel'>;
    clears: Clears;
    tokenStore: TokenStore;
  }) {
    this.#o = options;
  }

  /** A call as any other. Throws what submitting one throws, and Failure `quota_closed` where none is left. */
  async ofAccount(appid: string, component: string | undefined): Promise<ClearsThisMonth> {
    const { accounts, calls, clears } = this.#o;
    const owner = await accounts.findActive(appid, component);
    await clears.refuseIfNoneLeft(owner);
    const { id } = await calls.submit({
      ...{ ...owner, method: 'POST', path: '/cgi-bin/clear_quota', query: [], contentType: 'application/json' },
      body: Buffer.from(JSON.stringify({ appid: owner.appid })),
      ...{ waitMs: DEPART_TIMEOUT_MS, departWithinMs: DEPART_TIMEOUT_MS },
    });
    const call = await this.#settled(id);
    if (call.response === null) {
      const { code, remedy, message, errcode } = call.failure ?? outcomeUnknown('The clear did not settle');
      throw new Failure(code, remedy, message, errcode === undefined ? {} : { errcode });
    }
    const answer = readAnswer(call.response);
    if (answer.kind !== 'json') throw unknown('WeChat’s answer is broken');
    if (answer.errcode === ERRCODE.clearsUsedUp) throw await clears.noneLeft();
    if (answer.errcode === ERRCODE.busy) throw unknown('WeChat was busy');
    if (answer.errcode !== 0) throw refusal(answer, 'clearing the quotas');
    return clears.thisMonth(owner);
  }

  /** With the secret: it works where no component token can be had for lack of quota. Throws as above. */
  async ofComponent(appid: string): Promise<ClearsThisMonth> {
    const { api, components, clears, tokenStore } = this.#o;
    const { appsecret } = components.get(appid);
    const owner = { component: appid, appid };
    await clears.refuseIfNoneLeft(owner);
    const clear = randomUUID();
    try {
      await api.clearQuotas({ appid, appsecret });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (error.errcode === ERRCODE.clearsUsedUp) {
        await clears.recordClear(owner, ERRCODE.clearsUsedUp, clear);
        throw await clears.noneLeft();
      }
      const unsent = error instanceof TransportFailure && error.sent === 'no';
      const refused = error.errcode !== undefined && error.errcode !== ERRCODE.busy;
      throw unsent || refused ? error : unknown(error.message);
    }
    await clears.recordClear(owner, 0, clear);
    // It may have failed for lack of quota; now nothing stands against asking.
    await tokenStore.forgive(componentOwner(appid));
    return clears.thisMonth(owner);
  }

  async #settled(id: string): Promise<Call> {
    const { calls } = this.#o;
    const inTime = await calls.settled(id, DEPART_TIMEOUT_MS);
    if (inTime !== undefined) return inTime;
    if (await calls.cancel(id)) {
      throw new Failure('not_departed', 'retry', 'The clear could not leave in time; it was not sent.');
    }
    const late = await calls.settled(id, SETTLE_TIMEOUT_MS);
    if (late === undefined) throw unknown('No answer came');
    return late;
  }
}

function unknown(why: string): Failure {
  const { code, remedy } = outcomeUnknown(why);
  return new Failure(code, remedy, `${why}; the quotas may have been cleared. Look at them before you clear again.`);
}
