import { randomUUID } from 'node:crypto';
import { endpointOf } from '@wxthirdparty/wechat';
import type { Events } from '../../events.ts';
import type { OpenQueue } from '../../queue/queues.ts';
import type { Token } from '../../token/token.ts';
import type { Tokens } from '../../token/tokens.ts';
import type { CallRequest } from '../call.ts';
import type { CallId } from '../call-id.ts';
import { tokenOwnerOf } from '../call-token.ts';
import type { Created, DepartedAtOnce, InlineDeparture } from '../create-call.ts';
import { publishRun } from '../publish-run.ts';
import type { RunDeps } from '../run.ts';
import type { InlineCalls } from './inline-calls.ts';
import { performDeparted } from './perform-departed.ts';

/** A call that takes longer gets a job, so that it is settled whatever happens to this process. */
const WITHOUT_JOB_MS = 1_000;
const POLL_INTERVAL_MS = 500;
/** Shares of the shutdown timeout, the same as those of a worker's queue. */
const ABORT_SHARE = 0.6;
const ABANDON_SHARE = 0.85;

/** Capacity for one call. Either `send` or `release` is called, once. */
interface Slot {
  readonly departure: InlineDeparture;
  /** Continues the call after its departure. False if it is not settled and has no job. */
  send(departed: DepartedAtOnce): Promise<boolean>;
  /** The call did not depart. */
  release(): void;
}

export interface InlineTerms {
  /** Further calls go through the queue, to any process with capacity. */
  readonly concurrency: number;
}

export interface InlineDispatcherOptions {
  readonly queue: OpenQueue<{ readonly id: string }>;
  readonly tokens: Pick<Tokens, 'cached'>;
  readonly run: RunDeps;
  readonly events: Events;
}

interface Running {
  readonly call: CallId;
  readonly departedAt: number;
  hasJob: boolean;
  readonly ended: Promise<unknown>;
}

/**
 * Sends calls in the process that receives them, if it is a worker, too: an interactive call departs when its record is
 * created, without a job. Only calls whose outcome could not be requested if this process died: their caller waits in this
 * process and does not know their id. A call that takes longer, or whose id is about to be returned, gets a job; its record
 * says until when its run is alive.
 */
export class InlineDispatcher implements InlineCalls {
  readonly #deps: InlineDispatcherOptions;
  readonly #running = new Map<string, Running>();
  #slotsTaken = 0;
  #open: (InlineTerms & { readonly signal: AbortSignal }) | undefined;

  constructor(deps: InlineDispatcherOptions) {
    this.#deps = deps;
  }

  /** From now on this process sends calls, until it is closed. */
  open(terms: InlineTerms): { close(timeoutMs: number): Promise<void> } {
    const shutdown = new AbortController();
    this.#open = { ...terms, signal: shutdown.signal };
    const timer = setInterval(() => void this.#addMissingJobs(), POLL_INTERVAL_MS);
    timer.unref();
    return {
      close: async (timeoutMs) => {
        this.#open = undefined;
        const abort = () => shutdown.abort(new Error('The process is shutting down.'));
        const { promise: timeout, resolve: abandon } = Promise.withResolvers<void>();
        const timers = [setTimeout(abort, timeoutMs * ABORT_SHARE), setTimeout(abandon, timeoutMs * ABANDON_SHARE)];
        await Promise.race([Promise.all([...this.#running.values()].map(({ ended }) => ended)), timeout]);
        for (const one of timers) clearTimeout(one);
        clearInterval(timer);
        shutdown.abort();
      },
    };
  }

  async create(
    call: CallId,
    request: CallRequest,
    create: (departure?: InlineDeparture) => Promise<Created>,
  ): ReturnType<InlineCalls['create']> {
    const slot = this.#tryReserve(call, request);
    let created: Created;
    try {
      created = await create(slot?.departure);
    } catch (error) {
      slot?.release();
      throw error;
    }
    if (slot && typeof created === 'object' && 'departure' in created) return { sent: slot.send(created) };
    slot?.release();
    return created as Exclude<Created, DepartedAtOnce>;
  }

  async ensureJob(id: string): Promise<void> {
    const running = this.#running.get(id);
    if (running) await this.#addJob(running);
  }

  /** Undefined if the call has to go through the queue. */
  #tryReserve(call: CallId, request: CallRequest): Slot | undefined {
    const open = this.#open;
    const { gate, ledger } = this.#deps.run;
    if (!open || this.#slotsTaken >= open.concurrency || gate.yields(call.component)) return undefined;
    // Their outcome may be requested after a crash of this process.
    if (request.idempotencyKey !== undefined || request.callbackUrl !== undefined) return undefined;
    const { component, appid } = call;
    const { method, path } = request;
    const owner = tokenOwnerOf({ component, appid, method, path });
    const token = owner && this.#deps.tokens.cached(owner);
    if (owner && !token) return undefined;
    const runId = randomUUID();
    this.#slotsTaken++;
    return {
      departure: { runId, quota: ledger.scriptArgs({ component, appid, path }, endpointOf(method, path)) },
      send: (departed) => {
        const ended = this.#send(call, runId, departed, token, open).finally(() => {
          this.#slotsTaken--;
          this.#running.delete(call.id);
        });
        this.#running.set(call.id, { call, departedAt: departed.claimedAt, hasJob: false, ended });
        return ended;
      },
      release: () => {
        this.#slotsTaken--;
      },
    };
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
      const result = await performDeparted(call, runId, departed, token, signal, this.#deps.run);
      publishRun(this.#deps.events, id, result, performance.now() - departed.claimedAt);
      if (result.done) return true;
      await this.#deps.queue.add({ id }, 'delayMs' in result ? result.delayMs : 0);
      return true;
    } catch {
      // An internal error, such as an unreachable Redis. The record says what the next run may do.
      return this.#deps.queue.add({ id }).then(
        () => true,
        () => false,
      );
    }
  }

  async #addMissingJobs(): Promise<void> {
    const since = performance.now() - WITHOUT_JOB_MS;
    const long = [...this.#running.values()].filter(({ departedAt, hasJob }) => departedAt < since && !hasJob);
    // If Redis is unreachable, the next round tries again.
    await Promise.allSettled(long.map((running) => this.#addJob(running)));
  }

  /** A worker that takes the job waits for as long as this process holds the call. */
  async #addJob(running: Running): Promise<void> {
    if (running.hasJob) return;
    await this.#deps.queue.add({ id: running.call.id });
    running.hasJob = true;
  }
}
