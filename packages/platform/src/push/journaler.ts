import { setTimeout as pause } from 'node:timers/promises';
import { isConflict, isConnectionLoss } from '../database/sql-error.ts';
import { withDeadline } from '../deadline.ts';
import { type Events, errorReport } from '../events.ts';
import type { ReadEntry, StreamEntry } from '../journal/stream-entry.ts';
import type { RedisClient } from '../redis/connect.ts';
import type { Lease, Leases } from '../redis/lease.ts';
import type { Composed, JournalBatch } from './journal-batch.ts';
import type { StreamReader } from './stream-reader.ts';

const LEASE_MS = 5_000;
const TAKE_INTERVAL_MS = 1_000;
const WAIT_MS = 1_000;
/** After a batch that emptied the stream, so that single pushes share a commit. */
const GATHER_MS = 10;
const BATCH_TIMEOUT_MS = 15_000;
/** Longer than another worker needs to take the lease. */
const AFTER_TIMEOUT_MS = 10_000;
const UNKNOWN_FORMAT_MS = 30_000;
const MIN_BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 5_000;
/** An entry that failed alone is tried again after this time; the others do not wait for it. */
const RETRY_MS = 1_000;
const MAX_FAILURES = 5;
/** A process that has just started may know a component that this one does not. */
const MAX_FAILURES_OF_UNKNOWN_COMPONENT = 600;
const MAX_SET_ASIDE = 1_000;
/** A little longer than a gateway that does not report it needs to notice an older process (stream-gate.ts). */
const GATE_CLOSES_MS = 6_500;
/** Longer than an append that was being sent when the gateway stopped appending. */
const LAST_APPEND_MS = 500;

export interface JournalerParts {
  readonly redis: RedisClient;
  readonly leases: Leases;
  /** A connection of its own, since waiting for entries blocks it. */
  readonly connect: () => RedisClient;
  readonly stream: StreamReader;
  readonly batch: Pick<JournalBatch, 'compose' | 'write'>;
  /** Ends the connection of a write that hangs. */
  readonly abortWrite: () => void;
  /** False while Redis is another deployment's. */
  readonly isOurs: () => boolean;
  /** Whether another process could journal what is in the stream. */
  readonly hasSuccessor: () => Promise<boolean>;
  /** Whether an older process is live, so that gateways stop using the stream within a few seconds. */
  readonly isOlderLive: () => Promise<boolean>;
  /** Whether gateways still append to the stream. Undefined: not every one of them reports it. */
  readonly isAppended: () => Promise<boolean | undefined>;
  readonly retentionMs: number;
  /** Then a batch's connection and the lease are ended, so that another worker takes over. */
  readonly batchTimeoutMs?: number;
  /** Between two attempts while the database fails. */
  readonly maxBackoffMs?: number;
  /** Until an entry that failed alone is tried again. */
  readonly retryMs?: number;
  readonly events: Events;
}

/** Why a worker stopped journaling. `unknown`: a newer version wrote an entry. */
type Ended = 'lease-lost' | 'stopped' | 'empty' | 'unknown';

type Readable = ReadEntry & { readonly content: StreamEntry };

class TimedOut extends Error {}

/**
 * Moves pushes, notices and outcomes from the stream into SQL. One worker at a time does, by a lease: that keeps the order.
 * Two by accident write the same rows, which the keys ignore. What is not stored stays in the stream.
 */
export class Journaler {
  readonly #parts: JournalerParts;
  readonly #stop = new AbortController();
  readonly #batchTimeoutMs: number;
  readonly #running: Promise<void>;
  /** Entries that failed alone, by their number of failures. They stay in the stream, and the reading skips them for a while. */
  readonly #failures = new Map<string, number>();
  #after: string | undefined;
  #restartAt = 0;

  constructor(parts: JournalerParts) {
    this.#parts = parts;
    this.#batchTimeoutMs = parts.batchTimeoutMs ?? BATCH_TIMEOUT_MS;
    this.#running = this.#run();
  }

  /**
   * The batch in progress ends. If no other process can journal, the stream is emptied first. What does not end in time is
   * abandoned: the lease ends with this process.
   */
  async close(timeoutMs: number): Promise<void> {
    const until = performance.now() + timeoutMs;
    this.#stop.abort();
    const ending = this.#running.then(() => this.#emptyIfLast(until));
    // Commands wait for a lost connection.
    if (this.#parts.redis.status !== 'ready') return;
    await withDeadline(ending, timeoutMs, () => new TimedOut()).catch(() => {});
  }

  async #emptyIfLast(until: number): Promise<void> {
    // Gateways that have not noticed the older process yet still append.
    const startedAt = performance.now();
    let lastAppendedAt = startedAt;
    while (performance.now() < until) {
      if (await this.#isNeeded()) {
        const ended = await this.#takeAndJournal(until);
        if (ended === 'unknown' || ended === 'stopped') return;
      } else if (!(await this.#isLastBeforeOlder())) return;
      else {
        const isAppended = await this.#parts.isAppended().catch(() => true);
        const now = performance.now();
        if (isAppended ?? now < startedAt + GATE_CLOSES_MS) lastAppendedAt = now;
        else if (now - lastAppendedAt >= LAST_APPEND_MS) return;
      }
      await pause(GATHER_MS * 10);
    }
  }

  async #isLastBeforeOlder(): Promise<boolean> {
    const { hasSuccessor, isOlderLive, isOurs } = this.#parts;
    try {
      return isOurs() && !(await hasSuccessor()) && (await isOlderLive());
    } catch {
      return false;
    }
  }

  async #isNeeded(): Promise<boolean> {
    const { stream, hasSuccessor, isOurs } = this.#parts;
    try {
      return isOurs() && (await stream.length()) > 0 && !(await hasSuccessor());
    } catch {
      return false;
    }
  }

  async #run(): Promise<void> {
    const { maxBackoffMs = MAX_BACKOFF_MS } = this.#parts;
    let backoffMs = MIN_BACKOFF_MS;
    while (!this.#stop.signal.aborted) {
      const startedAt = performance.now();
      const ended = await this.#takeAndJournal();
      // It worked for a while, so the next failure is another one.
      if (performance.now() - startedAt > maxBackoffMs) backoffMs = MIN_BACKOFF_MS;
      switch (ended) {
        case 'held':
        case 'lease-lost':
        case 'foreign':
          await this.#pause(TAKE_INTERVAL_MS);
          break;
        case 'unknown':
          await this.#pause(UNKNOWN_FORMAT_MS);
          break;
        case 'timed-out':
          await this.#pause(AFTER_TIMEOUT_MS);
          break;
        case 'failed':
          await this.#pause(Math.min(backoffMs, maxBackoffMs) * (0.5 + Math.random() / 2));
          backoffMs = Math.min(backoffMs * 2, maxBackoffMs);
          break;
        case 'stopped':
        case 'empty':
          break;
        default:
          ended satisfies never;
      }
    }
  }

  /** `until`: journals until the stream is empty, at most to that time; otherwise until it is stopped. */
  async #takeAndJournal(until?: number): Promise<Ended | 'held' | 'foreign' | 'timed-out' | 'failed'> {
    const { leases, redis, isOurs, events, abortWrite } = this.#parts;
    if (!isOurs()) return 'foreign';
    let lease: Lease | 'held';
    try {
      lease = await leases.take(redis.keyspace.journaler, LEASE_MS);
    } catch {
      // Redis does not answer; its health check reports that.
      return 'failed';
    }
    if (lease === 'held') return 'held';
    try {
      return await (until === undefined ? this.#journal(lease) : this.#empty(lease, until));
    } catch (error) {
      if (error instanceof TimedOut) {
        abortWrite();
        events.publish('journal', { what: 'timed-out', timeoutMs: this.#batchTimeoutMs });
        return 'timed-out';
      }
      if (!this.#stop.signal.aborted) events.publish('journal', { what: 'failed', ...errorReport(error) });
      return 'failed';
    } finally {
      await lease.release().catch(() => {});
    }
  }

  async #journal(lease: Lease): Promise<Ended> {
    const { connect, stream, isOurs } = this.#parts;
    const { signal } = this.#stop;
    const blocking = connect();
    // It ends the waiting at once.
    const disconnect = () => blocking.disconnect();
    signal.addEventListener('abort', disconnect);
    this.#after = undefined;
    try {
      while (!signal.aborted) {
        if (!lease.alive() || !isOurs()) return 'lease-lost';
        const { isUnknown, isLast } = await this.#next();
        if (isUnknown) return 'unknown';
        if (!isLast) continue;
        await this.#pause(GATHER_MS);
        const waitMs = this.#after === undefined ? WAIT_MS : this.#restartAt - performance.now();
        if (!signal.aborted) await stream.wait(blocking, this.#after, Math.min(WAIT_MS, waitMs));
      }
      return 'stopped';
    } catch (error) {
      if (signal.aborted) return 'stopped';
      throw error;
    } finally {
      signal.removeEventListener('abort', disconnect);
      blocking.disconnect();
    }
  }

  async #empty(lease: Lease, until: number): Promise<Ended> {
    this.#after = undefined;
    while (performance.now() < until) {
      if (!lease.alive()) return 'lease-lost';
      const { isUnknown, isLast } = await this.#next();
      if (isUnknown) return 'unknown';
      if (isLast) return this.#after === undefined ? 'empty' : 'stopped';
    }
    return 'stopped';
  }

  /** One batch. `isLast`: the stream had no more. `isUnknown`: the next entry is a newer version's. */
  async #next(): Promise<{ readonly isLast: boolean; readonly isUnknown: boolean }> {
    const { stream, events } = this.#parts;
    if (this.#after !== undefined && performance.now() >= this.#restartAt) this.#after = undefined;
    const { entries, isLast } = await stream.read(this.#after);
    const end = entries.findIndex(({ content }) => content === 'unknown');
    const known = end < 0 ? entries : entries.slice(0, end);
    if (known.length > 0) {
      const startedAt = performance.now();
      await withDeadline(this.#store(known), this.#batchTimeoutMs, () => new TimedOut());
      events.publish('journal', {
        what: 'batch',
        entries: known.length,
        ms: Math.round(performance.now() - startedAt),
      });
    }
    if (end >= 0) events.publish('journal', { what: 'unknown', entry: entries[end]!.streamId });
    return { isLast, isUnknown: end >= 0 };
  }

  /** Throws if nothing of it could be stored, so that it is the database's fault and not an entry's. */
  async #store(entries: readonly ReadEntry[]): Promise<void> {
    const { batch, stream } = this.#parts;
    const { readable, broken } = sorted(entries);
    for (const entry of broken) await this.#putAside(entry, new Error('A field of the entry is missing.'));
    const { composed, failed } = await batch.compose(readable);
    const suspects = [...failed];
    const stored: Composed[] = [];
    let lastError: unknown;
    await this.#write(composed, stored, (one, error) => {
      suspects.push({ entry: one.entry, error });
      lastError = error;
    });
    await stream.remove(stored.map(({ entry }) => entry));
    for (const { entry } of stored) this.#failures.delete(entry.streamId);
    const isDatabaseFault = composed.length > 0 && stored.length === 0;
    const counted = suspects.filter(({ entry }) => {
      return !isDatabaseFault || failed.some((one) => one.entry === entry) || this.#failures.has(entry.streamId);
    });
    for (const { entry, error } of counted) await this.#countFailure(entry, error);
    if (isDatabaseFault && counted.length < suspects.length) throw lastError;
  }

  /** In halves, until each entry is stored or has failed alone. Throws if the database is not available. */
  async #write(
    composed: readonly Composed[],
    stored: Composed[],
    fail: (one: Composed, error: unknown) => void,
  ): Promise<void> {
    if (composed.length === 0) return;
    try {
      await this.#parts.batch.write(composed);
      stored.push(...composed);
    } catch (error) {
      if (isConnectionLoss(error) || isConflict(error)) throw error;
      if (composed.length === 1) {
        fail(composed[0]!, error);
        return;
      }
      const middle = Math.ceil(composed.length / 2);
      await this.#write(composed.slice(0, middle), stored, fail);
      await this.#write(composed.slice(middle), stored, fail);
    }
  }

  async #countFailure(entry: ReadEntry, error: unknown): Promise<void> {
    const failures = (this.#failures.get(entry.streamId) ?? 0) + 1;
    if (failures >= maxFailuresFor(error) || this.#failures.size >= MAX_SET_ASIDE) {
      await this.#putAside(entry, error);
      return;
    }
    this.#failures.set(entry.streamId, failures);
    // From here on the others are read; then again from the start.
    if (this.#after === undefined) this.#restartAt = performance.now() + (this.#parts.retryMs ?? RETRY_MS);
    this.#after = later(this.#after, entry.streamId);
  }

  async #putAside({ streamId }: ReadEntry, error: unknown): Promise<void> {
    const { stream, retentionMs, events } = this.#parts;
    const { code, message } = errorReport(error);
    await stream.moveToBad(streamId, code ?? message, retentionMs);
    this.#failures.delete(streamId);
    events.publish('journal', { what: 'bad', entry: streamId, ...errorReport(error) });
  }

  async #pause(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.#stop.signal }).catch(() => {});
  }
}

function sorted(entries: readonly ReadEntry[]): { readonly readable: Readable[]; readonly broken: ReadEntry[] } {
  const readable: Readable[] = [];
  const broken: ReadEntry[] = [];
  for (const { streamId, content } of entries) {
    if (typeof content === 'object') readable.push({ streamId, content });
    else broken.push({ streamId, content });
  }
  return { readable, broken };
}

function maxFailuresFor(error: unknown): number {
  return errorReport(error).code === 'unknown_component' ? MAX_FAILURES_OF_UNKNOWN_COMPONENT : MAX_FAILURES;
}

/** Of two ids of entries (`ms-counter`). */
function later(a: string | undefined, b: string): string {
  if (a === undefined) return b;
  const [msA = 0, counterA = 0] = a.split('-').map(Number);
  const [msB = 0, counterB = 0] = b.split('-').map(Number);
  return msA > msB || (msA === msB && counterA > counterB) ? a : b;
}
