import { randomUUID } from 'node:crypto';
import { type ComponentApi, ERRCODE, Failure, readAnswer, refusal, TransportFailure } from '@wxthirdparty/wechat';
import { componentOwner } from '../component/component-owner.ts';
import type { Components } from '../component/components.ts';
import type { Clears, ClearsThisMonth } from '../quota/clears.ts';
import type { TokenStore } from '../token/token-store.ts';
import type { CallAccounts } from './call-accounts.ts';
import type { Calls } from './calls.ts';
import { outcomeUnknown } from './verdict.ts';

const DEPART_TIMEOUT_MS = 30_000;
const SETTLE_TIMEOUT_MS = 60_000;

export interface QuotaClearingOptions {
  readonly api: Pick<ComponentApi, 'clearQuotas'>;
  readonly components: Components;
  readonly accounts: CallAccounts;
  readonly calls: Pick<Calls, 'run'>;
  readonly clears: Clears;
  readonly tokenStore: TokenStore;
}

/**
 * Clears quotas at WeChat, at an operator's request. Each clear spends one of ten a month, so it is requested once, and an
 * unknown outcome is reported as such.
 */
export class QuotaClearing {
  readonly #deps: QuotaClearingOptions;

  constructor(deps: QuotaClearingOptions) {
    this.#deps = deps;
  }

  /** By an ordinary call. Throws what submitting one throws, and Failure `quota_closed` if all clears are spent. */
  async ofAccount(appid: string, component: string | undefined): Promise<ClearsThisMonth> {
    const { accounts, calls, clears } = this.#deps;
    const owner = await accounts.findActive(appid, component);
    await clears.refuseIfNoneLeft(owner);
    const { call, cancelled } = await calls.run(
      {
        ...owner,
        method: 'POST',
        path: '/cgi-bin/clear_quota',
        query: [],
        contentType: 'application/json',
        body: Buffer.from(JSON.stringify({ appid: owner.appid })),
        departWithinMs: DEPART_TIMEOUT_MS,
      },
      { waitMs: DEPART_TIMEOUT_MS, onTimeout: 'cancel', settleTimeoutMs: SETTLE_TIMEOUT_MS },
    );
    if (cancelled) throw new Failure('not_departed', 'retry', 'The clear could not depart in time; it was not sent.');
    if (!call || call.settledAt === null) throw unknown('No answer came');
    if (call.response === null) {
      const { code, remedy, message, errcode } = call.failure ?? outcomeUnknown('The clear did not settle');
      throw new Failure(code, remedy, message, errcode === undefined ? {} : { errcode });
    }
    const answer = readAnswer(call.response);
    if (answer.kind !== 'json') throw unknown('WeChat’s answer is broken');
    if (answer.errcode === ERRCODE.clearsUsedUp) throw await clears.noneLeft(owner);
    if (answer.errcode === ERRCODE.busy) throw unknown('WeChat was busy');
    if (answer.errcode !== 0) throw refusal(answer, 'clearing the quotas');
    return clears.thisMonth(owner);
  }

  /** With the secret, which works even if no component token can be fetched for lack of quota. Throws the same. */
  async ofComponent(appid: string): Promise<ClearsThisMonth> {
    const { api, components, clears, tokenStore } = this.#deps;
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
        throw await clears.noneLeft(owner);
      }
      const unsent = error instanceof TransportFailure && error.sent === 'no';
      const refused = error.errcode !== undefined && error.errcode !== ERRCODE.busy;
      throw unsent || refused ? error : unknown(error.message);
    }
    await clears.recordClear(owner, 0, clear);
    // The refresh may have failed for lack of quota; now it can be tried at once.
    await tokenStore.forgive(componentOwner(appid));
    return clears.thisMonth(owner);
  }
}

function unknown(why: string): Failure {
  const { code, remedy } = outcomeUnknown(why);
  return new Failure(code, remedy, `${why}; the quotas may have been cleared. Check them before you clear again.`);
}
