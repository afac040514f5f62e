import type { HostGate } from '../../token/host-gate.ts';
import type { CallRunResult } from '../run.ts';
import { YIELD_DELAY_MS } from '../verdict.ts';
import type { FormerLaneStore } from './former/former-lane-store.ts';
import { runFormerBatch } from './former/run-former-batch.ts';
import type { LaneOwner } from './lane-owner.ts';
import { type LaneStep, type LaneStore, MIN_CALL_BYTES, type ReturnedCall, type TakenCall } from './lane-store.ts';
import type { Lanes } from './lanes.ts';

const MAX_CALLS = 20;
const MAX_BATCH_MS = 2_000;
/** How long a batch that may take nothing more waits for the end of one of its calls, after which the next one may depart. */
const LINGER_MS = 200;
/** Of the bodies of all background calls that are in flight in this process; a request has at most 20 MB. */
const MAX_BYTES = 64 * 1024 * 1024;
const RENEWAL_INTERVAL_MS = 1_000;
/** After a batch or a call that an internal error has ended. */
const RETRY_DELAY_MS = 1_000;
/** A token may be available earlier than its last failure announced; to check costs no request to WeChat. */
const MAX_HOLD_MS = 60_000;
/** Shares of the shutdown timeout, the same as those of a worker's queue. */
const ABORT_SHARE = 0.6;
const ABANDON_SHARE = 0.85;

export interface LaneTerms {
  /** How many calls of one account may be in flight, in all processes together. 1: one after the other, as they were accepted. */
  readonly concurrency: number;
}

export interface LaneRunnerOptions {
  readonly store: Pick<LaneStore, 'step' | 'renew'>;
  readonly former: FormerLaneStore;
  readonly lanes: Pick<Lanes, 'wake' | 'sleep' | 'rest' | 'hasFormer'>;
  readonly gate: Pick<HostGate, 'yields'>;
  readonly perform: (id: string, signal: AbortSignal) => Promise<CallRunResult>;
  /** Receives the internal error that ended the run of a call. The call is tried again. */
  readonly failed: (error: unknown) => void;
}

/** The calls of one account that are in flight in this process, and the batch that takes more of them, if one does. */
interface Flight {
  readonly owner: LaneOwner;
  readonly running: Map<string, TakenCall>;
  /** Ended, and not returned to the lane yet. */
  readonly ended: ReturnedCall[];
  batches: number;
  isReturning: boolean;
  needsBytes: boolean;
  /** Ends the waiting of its batch. */
  poke: () => void;
}

interface Open extends LaneTerms {
  readonly signal: AbortSignal;
}

/**
 * Runs the background calls of this process. A batch takes a few calls, or lasts two seconds; then its job goes to the tail of the
 * queue, so that accounts share fairly, and what is still in flight is returned to the lane when it ends.
 */
export class LaneRunner {
  readonly #deps: LaneRunnerOptions;
  readonly #flights = new Map<string, Flight>();
  #open: Open | undefined;
  #bytes = 0;
  #isRenewing = false;
  #landed = () => {};

  constructor(deps: LaneRunnerOptions) {
    this.#deps = deps;
  }

  /** From now on this process runs batches, until it is closed. */
  open(terms: LaneTerms): { close(timeoutMs: number): Promise<void> } {
    const shutdown = new AbortController();
    this.#open = { ...terms, signal: shutdown.signal };
    const timer = setInterval(() => void this.#renew(), RENEWAL_INTERVAL_MS);
    timer.unref();
    return {
      close: async (timeoutMs) => {
        this.#open = undefined;
        for (const flight of this.#flights.values()) flight.poke();
        const abort = () => shutdown.abort(new Error('The process is shutting down.'));
        const { promise: abandoned, resolve: abandon } = Promise.withResolvers<void>();
        const timers = [setTimeout(abort, timeoutMs * ABORT_SHARE), setTimeout(abandon, timeoutMs * ABANDON_SHARE)];
        await Promise.race([this.#empty(), abandoned]);
        for (const one of timers) clearTimeout(one);
        clearInterval(timer);
        shutdown.abort();
      },
    };
  }

  /** One batch. The job ends with it; the calls that it took may still be in flight. */
  async runBatch(owner: LaneOwner, signal: AbortSignal): Promise<void> {
    const { lanes, gate, former: store, perform } = this.#deps;
    const open = this.#open;
    if (!open) return lanes.wake(owner);
    if (gate.yields(owner.component)) return lanes.sleep(owner, YIELD_DELAY_MS, 'current');
    try {
      if (await lanes.hasFormer(owner)) {
        const rest = await runFormerBatch(owner, signal, { store, lanes, perform });
        if (rest === 'more') return await lanes.wake(owner);
      }
      await this.#batch(owner, signal, open);
    } catch (error) {
      // The job ends, but the lane still has a backlog.
      await lanes.sleep(owner, RETRY_DELAY_MS, 'current');
      throw error;
    }
  }

  async #batch(owner: LaneOwner, signal: AbortSignal, open: Open): Promise<void> {
    const flight = this.#flightOf(owner);
    flight.batches++;
    try {
      await this.#takeUntilOver(flight, signal, open);
    } finally {
      flight.batches--;
      this.#returnEnded(flight, open);
    }
  }

  async #takeUntilOver(flight: Flight, signal: AbortSignal, open: Open): Promise<void> {
    const { lanes } = this.#deps;
    const { owner } = flight;
    const endsAt = performance.now() + MAX_BATCH_MS;
    let [calls, bytes] = [0, 0];
    let isOver = false;
    for (;;) {
      isOver ||= calls >= MAX_CALLS || performance.now() >= endsAt || signal.aborted || this.#open !== open;
      const step = await this.#step(flight, open, isOver ? 0 : MAX_CALLS - calls, bytes);
      calls += step.taken.length;
      bytes = step.bytes;
      if (flight.ended.length > 0) continue;
      switch (step.next) {
        case 'rest':
          return lanes.rest(owner, 'current');
        case 'ready':
          if (isOver) return lanes.wake(owner);
          break;
        case 'large':
          if (isOver) return lanes.wake(owner);
          if (this.#bytes + bytes > MAX_BYTES) await this.#forBytes(flight, endsAt, signal);
          break;
        case 'full':
        case 'wait': {
          // A batch that has taken nothing leaves its slot to other accounts; the end of a call wakes the lane.
          if (isOver || calls === 0 || flight.running.size === 0) return lanes.sleep(owner, step.forMs, 'current');
          const until = step.next === 'full' ? endsAt : Math.min(endsAt, performance.now() + LINGER_MS);
          if (!(await news(flight, until, signal))) isOver = true;
          break;
        }
        default:
          step.next satisfies never;
      }
    }
  }

  async #forBytes(flight: Flight, endsAt: number, signal: AbortSignal): Promise<void> {
    flight.needsBytes = true;
    await news(flight, endsAt, signal);
    flight.needsBytes = false;
  }

  /** Returns what has ended, and takes and starts at most `count` calls. `bytes`: what the first of them needs, if that is known. */
  async #step(flight: Flight, open: Open, count: number, bytes: number): Promise<LaneStep> {
    const reserved = count === 0 ? 0 : Math.min(MAX_BYTES - this.#bytes, Math.max(bytes, count * MIN_CALL_BYTES));
    const returned = flight.ended.splice(0);
    this.#bytes += reserved;
    let step: LaneStep;
    try {
      step = await this.#deps.store.step(flight.owner, returned, { limit: open.concurrency, count, bytes: reserved });
    } finally {
      this.#bytes -= reserved;
    }
    for (const call of step.taken) this.#start(flight, call, open);
    return step;
  }

  #start(flight: Flight, call: TakenCall, open: Open): void {
    const { signal } = open;
    flight.running.set(call.member, call);
    this.#bytes += call.bytes;
    void this.#deps
      .perform(call.id, signal)
      .then((result) => returnedBy(call, result))
      .catch((error: unknown): ReturnedCall => {
        if (signal.aborted) return { member: call.member, how: 'requeue', forMs: 0 };
        this.#deps.failed(error);
        return { member: call.member, how: 'again', forMs: RETRY_DELAY_MS };
      })
      .then((returned) => {
        flight.running.delete(call.member);
        flight.ended.push(returned);
        this.#bytes -= call.bytes;
        flight.poke();
        for (const other of this.#flights.values()) if (other.needsBytes) other.poke();
        this.#returnEnded(flight, open);
      });
  }

  /** Outside of a batch. If it fails, the holds of these calls end, and another run finds them settled. */
  #returnEnded(flight: Flight, open: Open): void {
    if (flight.batches > 0 || flight.isReturning) return;
    if (flight.ended.length === 0) {
      this.#forget(flight);
      return;
    }
    flight.isReturning = true;
    void this.#returnAll(flight, open)
      .catch(() => {})
      .finally(() => {
        flight.isReturning = false;
        this.#returnEnded(flight, open);
      });
  }

  async #returnAll(flight: Flight, open: Open): Promise<void> {
    const { lanes } = this.#deps;
    const { owner } = flight;
    const step = await this.#step(flight, open, 0, 0);
    switch (step.next) {
      case 'ready':
      case 'large':
        return lanes.wake(owner);
      case 'full':
      case 'wait':
        return lanes.sleep(owner, step.forMs, 'current');
      case 'rest':
        return lanes.rest(owner, 'current');
      default:
        step.next satisfies never;
    }
  }

  #flightOf(owner: LaneOwner): Flight {
    const key = `${owner.component}.${owner.appid}`;
    const known = this.#flights.get(key);
    if (known) return known;
    const flight: Flight = {
      owner,
      running: new Map(),
      ended: [],
      batches: 0,
      isReturning: false,
      needsBytes: false,
      poke() {},
    };
    this.#flights.set(key, flight);
    return flight;
  }

  #forget(flight: Flight): void {
    if (flight.running.size > 0) return;
    this.#flights.delete(`${flight.owner.component}.${flight.owner.appid}`);
    if (this.#flights.size === 0) this.#landed();
  }

  /** Resolves when no call of this process is in flight. */
  #empty(): Promise<void> {
    if (this.#flights.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#landed = resolve;
    });
  }

  async #renew(): Promise<void> {
    // While Redis does not answer, batches would only pile up.
    if (this.#isRenewing) return;
    this.#isRenewing = true;
    const inFlight = [...this.#flights.values()].filter(({ running }) => running.size > 0);
    try {
      const calls = inFlight.map(({ owner, running }) => ({ owner, members: [...running.keys()] }));
      if (calls.length > 0) await this.#deps.store.renew(calls);
    } catch {
      // Redis is unreachable: the next round tries again.
    } finally {
      this.#isRenewing = false;
    }
  }
}

function returnedBy({ member }: TakenCall, result: CallRunResult): ReturnedCall {
  if (result.done) return { member, how: 'settled', forMs: 0 };
  if ('requeue' in result) return { member, how: 'requeue', forMs: 0 };
  // A closed quota holds back its path without this.
  return { member, how: result.until, forMs: Math.min(result.delayMs, MAX_HOLD_MS) };
}

/** Whether a call of the flight ended, or bytes became free, before `until`. */
function news(flight: Flight, until: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (isNews: boolean) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      flight.poke = () => {};
      resolve(isNews);
    };
    const onAbort = () => end(false);
    const timer = setTimeout(() => end(false), Math.max(0, until - performance.now()));
    signal.addEventListener('abort', onAbort);
    flight.poke = () => end(true);
    if (signal.aborted) end(false);
  });
}
