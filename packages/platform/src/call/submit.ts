import { setTimeout as pause } from 'node:timers/promises';
import { Failure } from '@wxthirdparty/wechat';
import { refuseUnlessReady } from '../component/status.ts';
import type { OpenQueue } from '../queue/queues.ts';
import type { RedisClient } from '../redis/connect.ts';
import type { Tokens } from '../token/tokens.ts';
import type { OutboundSender } from '../webhook/outbound-sender.ts';
import { Backpressure, overloaded } from './backpressure.ts';
import type { CallRequest } from './call.ts';
import type { CallAccounts } from './call-accounts.ts';
import { type CallId, newCallId, parseCallId } from './call-id.ts';
import { type CallPayload, payloadOf } from './call-job.ts';
import type { CallStore } from './call-store.ts';
import { refuseAccountsApi, tokenOwnerOf } from './call-token.ts';
import { checkRequest } from './check-request.ts';
import type { DurableCalls } from './durable-calls.ts';
import { type Claim, isForClaimed } from './idempotency.ts';
import type { InlineCalls } from './inline/inline-calls.ts';
import { append, appendAll } from './lane/append.ts';
import type { Lanes } from './lane/lanes.ts';
import type { Pending, PendingCalls } from './pending-calls.ts';
import type { ReplicaWatch } from './replica-watch.ts';

/** Of a batch: requests of other accounts are served in between, since sealing so many takes the event loop a few milliseconds. */
const MAX_CREATED_AT_ONCE = 20;
/** Longer than a failover of Redis. */
const PLACE_TIMEOUT_MS = 10_000;
const PLACE_INTERVAL_MS = 200;

export interface Accepted {
  readonly id: string;
}

export interface SubmissionOptions {
  readonly redis: RedisClient;
  readonly store: CallStore;
  readonly accounts: CallAccounts;
  readonly tokens: Pick<Tokens, 'has'>;
  readonly queue: OpenQueue<CallPayload>;
  readonly lanes: Pick<Lanes, 'format' | 'mark' | 'wake'>;
  readonly inline: InlineCalls;
  readonly pending: PendingCalls;
  readonly durable: Pick<DurableCalls, 'accept'>;
  readonly replicas: Pick<ReplicaWatch, 'refuseUnreplicated'>;
  /** Knows which addresses callbacks may reach. */
  readonly outbound: Pick<OutboundSender, 'refuseLiteral'>;
  /** This process' reply channel. */
  readonly replyTo: string;
}

interface Admitted {
  readonly call: CallId;
  readonly request: CallRequest;
}

/** What became of a background call on its way into its lane. */
type Appended =
  | { readonly outcome: 'appended' | 'full' }
  | { readonly outcome: 'claimed'; readonly claim: Claim }
  /** Its creation was not confirmed. It is in no lane, so it is never sent. */
  | { readonly outcome: 'not-created'; readonly error: unknown }
  /** It may have entered its lane. */
  | { readonly outcome: 'not-confirmed'; readonly error: unknown };

/** Accepts or refuses calls, and brings the accepted ones on their way to a run. */
export class Submission {
  readonly #deps: SubmissionOptions;
  readonly #backpressure: Backpressure;

  constructor(deps: SubmissionOptions) {
    this.#deps = deps;
    this.#backpressure = new Backpressure(deps.redis, deps.queue.queue);
  }

  /**
   * Under a known idempotency key, returns the call that was created first. Throws Failure `idempotency_conflict` if that is
   * another call. `disconnected`: fires when no caller waits for an interactive call any more.
   */
  async submit(request: CallRequest, disconnected?: AbortSignal): Promise<Accepted> {
    const admitted = await this.#admit(request);
    if ('claim' in admitted) return this.#confirm(request, this.#join(admitted.claim, request));
    await this.#backpressure.assertCapacity([request], this.#deps.pending.bodyBytes);
    if (request.waitMs > 0) return this.#submitInteractive(admitted, request, disconnected);
    const [appended] = await this.#append([{ call: admitted, request }]);
    return this.#confirm(request, this.#finish({ call: admitted, request }, appended!));
  }

  /** Many background calls, in their order; of each its id, or why it was refused. */
  async submitAll(requests: readonly CallRequest[]): Promise<(Accepted | Failure)[]> {
    await this.#backpressure.assertCapacity(requests, this.#deps.pending.bodyBytes);
    const results: (Accepted | Failure)[] = [];
    for (let from = 0; from < requests.length; from += MAX_CREATED_AT_ONCE) {
      results.push(...(await this.#submitSome(requests.slice(from, from + MAX_CREATED_AT_ONCE))));
    }
    return results;
  }

  async #submitSome(requests: readonly CallRequest[]): Promise<(Accepted | Failure)[]> {
    const admitted = await Promise.all(requests.map((request) => orFailure(() => this.#admit(request))));
    const fresh = admitted.flatMap((one, i) => ('id' in one ? [{ call: one, request: requests[i]! }] : []));
    const appended = await this.#append(fresh);
    const appendedById = new Map(fresh.map(({ call }, i) => [call.id, appended[i]!]));
    return Promise.all(
      admitted.map((one, i) => {
        const request = requests[i]!;
        if (one instanceof Failure) return one;
        if ('claim' in one) return orFailure(() => this.#confirm(request, this.#join(one.claim, request)));
        const finished = this.#finish({ call: one, request }, appendedById.get(one.id)!);
        return orFailure(() => this.#confirm(request, finished));
      }),
    );
  }

  /** Whether the call may be created: its new id, or the call that was created under its idempotency key before. */
  async #admit(request: CallRequest): Promise<CallId | { readonly claim: Claim }> {
    const { accounts, store, tokens, redis, outbound } = this.#deps;
    checkRequest(request);
    // A name is looked up only when the callback is sent.
    if (request.callbackUrl !== undefined) outbound.refuseLiteral(request.callbackUrl);
    const named = await accounts.find(request.appid, request.component);
    refuseAccountsApi({ ...request, ...named });
    if (request.idempotencyKey !== undefined) {
      // Before the checks of state: a repeated request receives its answer even while no new call may depart.
      const claim = await store.claimed(named.component, named.appid, request.idempotencyKey);
      if (claim) return { claim };
    }
    const { appid, component } = await accounts.findActive(request.appid, request.component);
    // The caller of an interactive call learns its outcome; a background call is only a record, which must not be lost.
    if (request.waitMs === 0) this.#deps.replicas.refuseUnreplicated(component, appid);
    const owner = tokenOwnerOf({ ...request, appid, component });
    // Calls whose token is still trusted are accepted while the component is not ready.
    if (owner && !(await tokens.has(owner))) await refuseUnlessReady(redis, component);
    return newCallId(component, appid);
  }

  async #submitInteractive(
    call: CallId,
    request: CallRequest,
    disconnected: AbortSignal | undefined,
  ): Promise<Accepted> {
    const { pending: calls, inline } = this.#deps;
    // Before the call can be answered: the outcome may be announced before the reply of Redis arrives.
    const pending = calls.add(call, request, 'job');
    const markRecorded = () => {
      pending.recorded = true;
    };
    try {
      const run = await inline.start(call, request, { disconnected, markRecorded });
      if (!run) return await this.#enqueue(pending);
      this.#followInline(pending, run.sent);
      return { id: call.id };
    } catch (error) {
      calls.drop(pending);
      throw error;
    }
  }

  async #enqueue(pending: Pending): Promise<Accepted> {
    const { call, request } = pending;
    const { store, pending: calls, queue, replyTo } = this.#deps;
    calls.occupy(pending);
    const created = await store.create(call, request, replyTo);
    pending.recorded = true;
    if (typeof created === 'object') {
      calls.drop(pending);
      return this.#join(created.claim, request);
    }
    // The record exists, so the call is accepted. A lost wake-up is repeated when the pending call is read again.
    await queue.add(payloadOf(call, request)).catch(() => wakeAtOnce(pending));
    return { id: call.id };
  }

  #followInline(pending: Pending, sent: Promise<boolean>): void {
    pending.way = 'inline';
    void sent.then((isSafe) => {
      pending.way = 'job';
      if (!isSafe) wakeAtOnce(pending);
    });
  }

  async #append(fresh: readonly Admitted[]): Promise<Appended[]> {
    const { store, replyTo } = this.#deps;
    const created = await Promise.allSettled(fresh.map(({ call, request }) => store.create(call, request, replyTo)));
    const made = fresh.filter((_, i) => {
      const one = created[i]!;
      return one.status === 'fulfilled' && one.value === 'made';
    });
    const errors = await appendAll(
      this.#deps,
      made.map(({ call, request }) => ({ call, path: request.path })),
    );
    return created.map((one, i): Appended => {
      if (one.status === 'rejected') return { outcome: 'not-created', error: one.reason };
      if (one.value === 'full') return { outcome: 'full' };
      if (typeof one.value === 'object' && 'claim' in one.value) return { outcome: 'claimed', claim: one.value.claim };
      const { id } = fresh[i]!.call;
      return errors.has(id) ? { outcome: 'not-confirmed', error: errors.get(id) } : { outcome: 'appended' };
    });
  }

  async #finish({ call, request }: Admitted, appended: Appended): Promise<Accepted> {
    switch (appended.outcome) {
      case 'appended':
        return { id: call.id };
      case 'full':
        throw overloaded('Too many calls, or too large ones, of this account are waiting already.', 60_000);
      case 'claimed':
        return this.#join(appended.claim, request);
      case 'not-created':
        throw appended.error;
      case 'not-confirmed':
        await this.#withdraw(call, request, appended.error);
        return { id: call.id };
      default:
        return appended satisfies never;
    }
  }

  async #confirm(request: CallRequest, accepting: Promise<Accepted>): Promise<Accepted> {
    const accepted = await accepting;
    if (request.durable) await this.#deps.durable.accept(parseCallId(accepted.id)!);
    return accepted;
  }

  /**
   * A call that may be in its lane is refused only if it was certainly cancelled, or if it vanished: the new primary after a
   * failover may not know it. While Redis is unreachable the caller waits, because an answer of 202 gives the call its place
   * among those of its order key.
   */
  async #withdraw(call: CallId, request: CallRequest, cause: unknown): Promise<void> {
    const withdrawn = await this.#deps.store.withdraw(call).catch(() => undefined);
    if (withdrawn) {
      // The next call of its order key need not wait for what this one waited for.
      if (request.orderKey !== undefined) await this.#deps.lanes.wake(call).catch(() => {});
      throw cause;
    }
    const until = performance.now() + PLACE_TIMEOUT_MS;
    while (performance.now() < until) {
      const fate = await this.#fateOf(call, request).catch(() => undefined);
      if (fate === 'vanished') throw cause;
      if (fate === 'accepted') return;
      await pause(PLACE_INTERVAL_MS);
    }
    // It is accepted, and enters its lane when the pending call is read again.
    const pending = this.#deps.pending.add(call, request, 'entering');
    pending.recorded = true;
    pending.abandoned = true;
  }

  async #fateOf(call: CallId, request: CallRequest): Promise<'accepted' | 'vanished'> {
    if ((await append(this.#deps, call, request.path)) === 'in') return 'accepted';
    return (await this.#deps.store.state(call)) === undefined ? 'vanished' : 'accepted';
  }

  async #join(claim: Claim, request: CallRequest): Promise<Accepted> {
    if (!isForClaimed(claim, request, request.idempotencyKey!)) {
      throw new Failure(
        'idempotency_conflict',
        'fix-request',
        'This idempotency key belongs to another call; a new call needs a new key.',
      );
    }
    const { store, queue, pending } = this.#deps;
    const call = parseCallId(claim.id)!;
    // The first request may have failed halfway, which is why it is repeated.
    if (claim.background) await append(this.#deps, call, request.path);
    else if ((await store.state(call)) === 'queued') await queue.add(payloadOf(call, request));
    // The outcome is announced to the process that created the call; this one reads the record.
    if (request.waitMs > 0 && !pending.has(claim.id)) {
      pending.add(call, request, claim.background ? 'lane' : 'job').recorded = true;
    }
    return { id: claim.id };
  }
}

function wakeAtOnce(pending: Pending): void {
  pending.wokenAt = Number.NEGATIVE_INFINITY;
}

async function orFailure<T>(work: () => Promise<T>): Promise<T | Failure> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}
