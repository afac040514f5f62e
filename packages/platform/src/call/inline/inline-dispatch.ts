import { randomUUID } from 'node:crypto';
import { endpointOf } from '@wxthirdparty/wechat';
import type { Events } from '../../events.ts';
import type { OpenQueue } from '../../queue/queues.ts';
import type { Ledger, QuotaPair } from '../../quota/ledger.ts';
import { QuotaClosedFailure } from '../../quota/quota-closed-failure.ts';
import type { RedisClient } from '../../redis/connect.ts';
import { untilStored } from '../../request/until-stored.ts';
import type { Token } from '../../token/token.ts';
import type { Tokens } from '../../token/tokens.ts';
import type { CallRequest } from '../call.ts';
import type { CallId } from '../call-id.ts';
import type { CallStore } from '../call-store.ts';
import { tokenOwnerOf } from '../call-token.ts';
import type { LocalWaiters } from '../local-waiters.ts';
import { publishRun } from '../publish-run.ts';
import { Run, type RunDeps } from '../run.ts';
import { runFailures } from '../run-failures.ts';
import { slotsOfAccount } from '../share-of-account.ts';
import { InlineCall, type InlineCallDeps } from './inline-call.ts';
import type { InlineCaller, InlineCalls, InlineRun } from './inline-calls.ts';
import { OutcomeRecorder } from './outcome-recorder.ts';

/** A call that takes longer is promoted: it gets a record and a job, so that it is settled whatever happens to this process. */
const IN_MEMORY_MS = 1_000;
const POLL_INTERVAL_MS = 250;
/** For how long a record that Redis does not confirm is tried again, before its caller receives no id. */
const CONFIRM_TIMEOUT_MS = 10_000;
/** Shares of the shutdown timeout, the same as those of a worker's queue. */
const ABORT_SHARE = 0.6;
const ABANDON_SHARE = 0.85;

export interface InlineTerms {
  /** Further calls go through the queue, to any process with capacity. */
  readonly concurrency: number;
}

export interface InlineDispatcherOptions {
  readonly queue: OpenQueue<{ readonly id: string }>;
  readonly tokens: Pick<Tokens, 'cached'>;
  /** Fails fast: a call that receives no permission is refused. */
  readonly redis: RedisClient;
  /** The next are on the connection that waits for Redis: what WeChat has answered must be stored. */
  readonly store: CallStore;
  readonly ledger: Ledger;
  readonly run: RunDeps;
  readonly recordIn: RedisClient;
  readonly waiters: LocalWaiters;
  readonly events: Events;
  /** 10 s if missing. */
  readonly confirmTimeoutMs?: number;
  /** 1 s if missing. */
  readonly inMemoryMs?: number;
}

interface Running {
  readonly inline: InlineCall;
  /** Of the shutdown: what is in flight ends. */
  readonly signal: AbortSignal;
  readonly ended: Promise<unknown>;
}

interface Slot {
  readonly token: Token | undefined;
  readonly signal: AbortSignal;
  release(): void;
}

/**
 * Sends calls in the process that receives them, if it is a worker, too, without a record and without a job: if this process
 * dies, the connection of the caller closes, too, and no other process could continue the call, because its caller does not
 * know its id. A call that takes longer, or whose id is about to be returned, is promoted to a record.
 */
export class InlineDispatcher implements InlineCalls {
  readonly #deps: InlineDispatcherOptions;
  readonly #callDeps: InlineCallDeps;
  readonly #recorder: OutcomeRecorder;
  readonly #running = new Map<string, Running>();
  readonly #slotsOf = new Map<string, number>();
  #slotsTaken = 0;
  #open: (InlineTerms & { readonly signal: AbortSignal }) | undefined;

  constructor(deps: InlineDispatcherOptions) {
    this.#deps = deps;
    const { redis, store, ledger, waiters, queue, run } = deps;
    this.#recorder = new OutcomeRecorder(deps.recordIn, deps.events);
    this.#callDeps = {
      redis,
      store,
      ledger,
      waiters,
      holds: run.holds,
      recorder: this.#recorder,
      confirmTimeoutMs: deps.confirmTimeoutMs ?? CONFIRM_TIMEOUT_MS,
      addJob: (id, delayMs) => queue.add({ id }, delayMs),
    };
  }

  /** From now on this process sends calls, until it is closed. */
  open(terms: InlineTerms): { close(timeoutMs: number): Promise<void> } {
    const shutdown = new AbortController();
    this.#open = { ...terms, signal: shutdown.signal };
    const timer = setInterval(() => void this.#promoteSlow(), POLL_INTERVAL_MS);
    timer.unref();
    return {
      close: async (timeoutMs) => {
        this.#open = undefined;
        const abort = () => shutdown.abort(new Error('The process is shutting down.'));
        const { promise: timeout, resolve: abandon } = Promise.withResolvers<void>();
        const timers = [setTimeout(abort, timeoutMs * ABORT_SHARE), setTimeout(abandon, timeoutMs * ABANDON_SHARE)];
        const allEnded = Promise.all([...this.#running.values()].map(({ ended }) => ended));
        await Promise.race([allEnded.then(() => this.#recorder.flush()), timeout]);
        for (const one of timers) clearTimeout(one);
        clearInterval(timer);
        shutdown.abort();
      },
    };
  }

  async start(call: CallId, request: CallRequest, caller: InlineCaller): Promise<InlineRun | undefined> {
    const slot = this.#tryReserve(call, request);
    if (!slot) return undefined;
    const inline = new InlineCall(call, request, randomUUID(), caller, this.#callDeps);
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    this.#running.set(call.id, { inline, signal: slot.signal, ended });
    const close = () => {
      inline.close();
      this.#running.delete(call.id);
      slot.release();
      end();
    };
    try {
      const run = await this.#permitted(inline, slot);
      return { sent: run().finally(close) };
    } catch (error) {
      close();
      throw error;
    }
  }

  async secure(id: string): Promise<boolean> {
    const running = this.#running.get(id);
    return running === undefined || running.inline.secure(running.signal);
  }

  /** Undefined if the call has to go through the queue. */
  #tryReserve({ component, appid }: CallId, request: CallRequest): Slot | undefined {
    const open = this.#open;
    if (!open || this.#slotsTaken >= open.concurrency || this.#deps.run.gate.yields(component)) return undefined;
    // Their outcome may be requested after a crash of this process.
    if (request.idempotencyKey !== undefined || request.callbackUrl !== undefined) return undefined;
    const account = `${component} ${appid}`;
    const taken = this.#slotsOf.get(account) ?? 0;
    if (taken >= slotsOfAccount(open.concurrency)) return undefined;
    const { method, path } = request;
    const owner = tokenOwnerOf({ component, appid, method, path });
    const token = owner && this.#deps.tokens.cached(owner);
    if (owner && !token) return undefined;
    this.#slotsTaken++;
    this.#slotsOf.set(account, taken + 1);
    return {
      token,
      signal: open.signal,
      release: () => {
        this.#slotsTaken--;
        const others = this.#slotsOf.get(account)! - 1;
        if (others === 0) this.#slotsOf.delete(account);
        else this.#slotsOf.set(account, others);
      },
    };
  }

  /** Takes quota for the first departure; the returned function continues with it. */
  async #permitted(inline: InlineCall, { token, signal }: Slot): Promise<() => Promise<boolean>> {
    const { call, request, runId } = inline;
    const { component, appid } = call;
    const { method, path } = request;
    const claimedAt = performance.now();
    const endpoint = endpointOf(method, path);
    const quota = this.#deps.ledger.scriptArgs({ component, appid, path }, endpoint);
    const departure = await inline.depart(call, runId, endpoint.safeToRepeat, quota);
    if (departure.go === 'closed') throw new QuotaClosedFailure(path, departure.closedUntil);
    const run = new Run(call, runId, inline.stored, signal, this.#runDepsOf(inline));
    return () => this.#send(inline, () => run.runPrepared({ departure, claimedAt, token }));
  }

  /** A run that sees this process' memory as the record of its call. */
  #runDepsOf(inline: InlineCall): RunDeps {
    const { run, ledger } = this.#deps;
    return {
      ...run,
      store: inline,
      // Only a record is held, which begins with the record.
      holds: { keep: () => () => {} },
      ledger: {
        scriptArgs: (pair, documented) => ledger.scriptArgs(pair, documented),
        emitNews: (pair, news) => ledger.emitNews(pair, news),
        // Of a closed or reopened quota the caller's answer waits: its next request, to any process, must be refused, and the answer
        // itself states the quota. While Redis is away this takes ten seconds at most, and no other call could depart anyway.
        async conclude(pair: QuotaPair, departure, errcode, endpoint) {
          const evidence = await ledger.conclude(pair, departure, errcode, endpoint);
          if (departure.probe || evidence === 'day-used-up' || evidence === 'minute-used-up')
            await inline.refreshUsage();
          return evidence;
        },
      },
      clears: {
        async recordClear(...cleared) {
          await run.clears.recordClear(...cleared);
          await inline.refreshUsage();
        },
      },
      departing: () => inline.departing(),
    };
  }

  async #send(inline: InlineCall, run: () => ReturnType<Run['runPrepared']>): Promise<boolean> {
    let delayMs = 0;
    try {
      const result = await run();
      const { isRecorded: recorded, hasCaller } = inline;
      publishRun(this.#deps.events, inline.call.id, result, { isInline: true, recorded, hasCaller });
      if (result.done) return true;
      if ('delayMs' in result) delayMs = result.delayMs;
    } catch {
      // An internal error, such as an unreachable Redis. The record says what the next run may do.
    }
    try {
      await untilStored(() => inline.handOver(delayMs));
      return true;
    } catch {
      return this.#giveUp(inline);
    }
  }

  #giveUp(inline: InlineCall): boolean {
    if (!inline.giveUp(runFailures.internal)) return false;
    const { call, request, attempts, ageMs, isRecorded: recorded, hasCaller } = inline;
    const { component, appid, id } = call;
    this.#deps.events.publish('call', {
      call: id,
      component,
      appid,
      path: request.path,
      kind: 'inline',
      outcome: runFailures.internal.code,
      attempts,
      queueMs: ageMs,
      totalMs: ageMs,
      key: request.keyId,
      recorded,
      hasCaller,
    });
    return true;
  }

  async #promoteSlow(): Promise<void> {
    const { inMemoryMs = IN_MEMORY_MS } = this.#deps;
    const slow = [...this.#running.values()].filter(({ inline }) => inline.ageMs > inMemoryMs);
    // If Redis is unreachable, the next round tries again.
    await Promise.allSettled(slow.map(({ inline }) => inline.promote()));
  }
}
