import { randomUUID } from 'node:crypto';
import type { Events } from '../../events.ts';
import type { OpenQueue } from '../../queue/queues.ts';
import type { Token } from '../../token/token.ts';
import type { Tokens } from '../../token/tokens.ts';
import type { CallRequest } from '../call.ts';
import type { CallId } from '../call-id.ts';
import { tokenOwnerOf } from '../call-token.ts';
import type { DepartedAtOnce } from '../create-call.ts';
import { type PerformOptions, performDeparted } from '../perform.ts';
import { publishRun } from '../publish-run.ts';

/** A call that takes longer is seldom, and gets a job: whatever becomes of this process, it will be settled. */
const WITHOUT_JOB_MS = 1_000;
const POLL_INTERVAL_MS = 500;
/** Shares of the patience: as a worker's queue has them. */
const ABORT_SHARE = 0.6;
const LEAVE_SHARE = 0.85;

/** A place for one call. Either `send` or `back`, once. */
export interface Slot {
  readonly runId: string;
  /** Carries it on from where it departed. False where it is not over, and has no job either. */
  send(departed: DepartedAtOnce): Promise<boolean>;
  /** It did not depart. */
  release(): void;
}

export interface InlineTerms {
  /** So many at the same time; what comes beyond goes by the queue, to whoever is free. */
  readonly concurrency: number;
}

export interface InlineDispatcherOptions {
  readonly queue: OpenQueue<{ readonly id: string }>;
  readonly tokens: Pick<Tokens, 'cached'>;
  readonly perform: PerformOptions;
  readonly events: Events;
}

interface Running {
  readonly call: CallId;
  readonly departedAt: number;
  hasJob: boolean;
  readonly over: Promise<unknown>;
}

/**
 * Sends calls in the very process that takes them in, where it is a worker, too: a call for which somebody waits departs
 * with the making of its record, without a job and its way through Redis. Only those of which nobody could hear again if
 * this process died at once: it is the one that the caller waits for, and the call's id is not known to anybody yet.
 * One that goes on for longer, or is about to be known by its id, gets its job; the record says for how long the run
 * that sends it is surely alive.
 */
export class InlineDispatcher {
  readonly #o: InlineDispatcherOptions;
  readonly #running = new Map<string, Running>();
  #taken = 0;
  #open: (InlineTerms & { readonly signal: AbortSignal }) | undefined;

  constructor(options: InlineDispatcherOptions) {
    this.#o = options;
  }

  /** This process sends calls from now on, until it is closed. */
  open(terms: InlineTerms): { close(withinMs: number): Promise<void> } {
    const leaving = new AbortController();
    this.#open = { ...terms, signal: leaving.signal };
    const timer = setInterval(() => void this.#secureLong(), POLL_INTERVAL_MS);
    timer.unref();
    return {
      close: async (withinMs) => {
        this.#open = undefined;
        const timers = [setTimeout(() => leaving.abort(new Error('the process is leaving')), withinMs * ABORT_SHARE)];
        const { promise: tooLong, resolve: leave } = Promise.withResolvers<void>();
        timers.push(setTimeout(leave, withinMs * LEAVE_SHARE));
        await Promise.race([Promise.all([...this.#running.values()].map(({ over }) => over)), tooLong]);
        for (const one of timers) clearTimeout(one);
        clearInterval(timer);
        leaving.abort();
      },
    };
  }

  /** Undefined where the call has to go by the queue. */
  tryReserve(call: CallId, request: CallRequest): Slot | undefined {
    const open = this.#open;
    if (!open || this.#taken >= open.concurrency || this.#o.perform.gate.yields(call.component)) return undefined;
    // These may be asked for after a crash, by whoever made them.
    if (request.idempotencyKey !== undefined || request.callbackUrl !== undefined) return undefined;
    const { component, appid } = call;
    const owner = tokenOwnerOf({ component, appid, method: request.method, path: request.path });
    const token = owner && this.#o.tokens.cached(owner);
    if (owner && !token) return undefined;
    const runId = randomUUID();
    this.#taken++;
    return {
      runId,
      send: (departed) => {
        const over = this.#send(call, runId, departed, token, open).finally(() => {
          this.#taken--;
          this.#running.delete(call.id);
        });
        this.#running.set(call.id, { call, departedAt: departed.claimedAt, hasJob: false, over });
        return over;
      },
      release: () => {
        this.#taken--;
      },
    };
  }

  /** Before anybody hears of its id: from now on it will be settled, whatever becomes of this process. */
  async ensureJob(id: string): Promise<void> {
    const running = this.#running.get(id);
    if (running) await this.#secure(running);
  }

  async #send(
    call: CallId,
    runId: string,
    departed: DepartedAtOnce,
    token: Token | undefined,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<boolean> {
    const { id } = call;
    try {
      const performed = await performDeparted(call, runId, departed, token, signal, this.#o.perform);
      publishRun(this.#o.events, id, performed, performance.now() - departed.claimedAt);
      if (performed.done) return true;
      await this.#o.queue.add({ id }, 'delayMs' in performed ? performed.delayMs : 0);
      return true;
    } catch {
      // Our own trouble, such as a Redis that is away; the record says how far it has come.
      return this.#o.queue.add({ id }).then(
        () => true,
        () => false,
      );
    }
  }

  async #secureLong(): Promise<void> {
    const since = performance.now() - WITHOUT_JOB_MS;
    const long = [...this.#running.values()].filter(({ departedAt, hasJob }) => departedAt < since && !hasJob);
    // Redis is away: the next round tries again.
    await Promise.allSettled(long.map((running) => this.#secure(running)));
  }

  /** A worker that gets the job waits for as long as this process holds the call. */
  async #secure(running: Running): Promise<void> {
    if (running.hasJob) return;
    await this.#o.queue.add({ id: running.call.id });
    running.hasJob = true;
  }
}
