import type { CallEvent, Events } from '../events.ts';
import { type CallId, parseCallId } from './call-id.ts';
import type { CallStore } from './call-store.ts';
import type { FailedCalls } from './failed-calls.ts';

/** An operator sees a failure within two seconds; by then the outcome of an inline call is stored. */
const INTERVAL_MS = 500;
/** Read and written by one round. */
const MAX_AT_ONCE = 200;
/** While more calls fail than rounds can write, or Redis is away, the newest remain. */
const MAX_WAITING = 1_000;
/** Rounds that wait for a record which is not there yet, or for Redis. */
const MAX_ROUNDS = 20;

interface Noted {
  readonly call: CallId;
  /** The rounds that it has waited. */
  readonly rounds: number;
}

/**
 * Adds the calls of this process that failed to the list of their component: after their outcome, in batches, and as far as possible.
 * What is lost is missing in the list, and nowhere else.
 */
export class FailedCallRecorder {
  readonly #failed: FailedCalls;
  readonly #store: Pick<CallStore, 'records'>;
  readonly #unsubscribe: () => void;
  /** By their ids, the rounds that they have waited. */
  readonly #waiting = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #writing = Promise.resolve();

  constructor(failed: FailedCalls, store: Pick<CallStore, 'records'>, events: Events) {
    this.#failed = failed;
    this.#store = store;
    this.#unsubscribe = events.subscribe('call', (event) => this.#note(event));
  }

  async close(): Promise<void> {
    this.#unsubscribe();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#writing;
    await this.#write();
  }

  #note({ call, outcome, errcode, corrected }: CallEvent): void {
    // It was never sent.
    if (outcome === 'cancelled') return;
    if (outcome === 'completed' && (errcode ?? 0) === 0 && !corrected) return;
    if (this.#waiting.size >= MAX_WAITING) {
      for (const oldest of this.#waiting.keys()) {
        this.#waiting.delete(oldest);
        break;
      }
    }
    this.#waiting.set(call, 0);
    this.#schedule();
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#writing = this.#write().finally(() => {
        if (this.#waiting.size > 0) this.#schedule();
      });
    }, INTERVAL_MS).unref();
  }

  /** Never rejects. */
  async #write(): Promise<void> {
    const taken = [...this.#waiting].slice(-MAX_AT_ONCE);
    // What is noted again meanwhile is read again.
    for (const [id] of taken) this.#waiting.delete(id);
    const calls = taken.flatMap(([id, rounds]) => {
      const call = parseCallId(id);
      return call ? [{ call, rounds }] : [];
    });
    const byComponent = Map.groupBy(calls, ({ call }) => call.component);
    await Promise.all([...byComponent].map(([component, some]) => this.#writeSome(component, some)));
  }

  async #writeSome(component: string, noted: readonly Noted[]): Promise<void> {
    try {
      const records = await this.#store.records(noted.map(({ call }) => call));
      const settled = noted.flatMap(({ call }, i) => {
        const fields = records[i]!;
        return fields.state === 'settled' ? [{ call, fields }] : [];
      });
      if (settled.length > 0) await this.#failed.write(component, settled);
      this.#keep(noted.filter((_, i) => records[i]!.state !== 'settled'));
    } catch {
      // Redis is unreachable.
      this.#keep(noted);
    }
  }

  /** For the next round. */
  #keep(noted: readonly Noted[]): void {
    for (const { call, rounds } of noted) {
      if (rounds + 1 < MAX_ROUNDS && !this.#waiting.has(call.id)) this.#waiting.set(call.id, rounds + 1);
    }
  }
}
