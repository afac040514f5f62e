import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Failure } from '@wxthirdparty/wechat';
import { SCHEMA_VERSION } from '../database/migrate.ts';
import { withDeadline } from '../deadline.ts';
import { type Events, failureReport } from '../events.ts';
import type { RedisClient } from '../redis/connect.ts';
import type { Deployment } from './deployment.ts';
import { EventLoopLag } from './event-loop-lag.ts';
import { announceProcess, forgetProcess, type LiveProcess, type ProcessRole } from './live-processes.ts';
import { machineId } from './machine-id.ts';

const BEAT_INTERVAL_MS = 5_000;
const FORGET_TIMEOUT_MS = 500;

/**
 * Grows with every change to a record, script, stream or queue that the version before cannot read. 2: the stream of pushes
 * (journal/stream-serving.ts). 3: workers name their connections, and gateways report whether they append to that stream.
 * 4: lanes of parallel calls (call/lane/lanes.ts).
 */
const FORMAT = 4;

/**
 * The heartbeat of this process. Each one checks that Redis is still this deployment's: it may have been emptied, restored from
 * an old file, or replaced. While it is another deployment's, nothing is written there.
 */
export class Presence {
  readonly #redis: RedisClient;
  readonly #deployment: Deployment;
  #process: LiveProcess;
  readonly #lag = new EventLoopLag();
  readonly #events: Events;
  #failure: Failure | undefined;
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(redis: RedisClient, deployment: Deployment, roles: readonly ProcessRole[], events: Events) {
    this.#redis = redis;
    this.#events = events;
    this.#deployment = deployment;
    this.#process = {
      id: randomUUID(),
      roles,
      version: programVersion(),
      format: FORMAT,
      schemaVersion: SCHEMA_VERSION,
      startedAt: Date.now(),
      address: hostname(),
      machine: machineId(),
    };
  }

  /** Throws Failure `foreign_redis` if Redis is another deployment's. `isDegraded`: the database cannot be used at present. */
  async start({ isDegraded }: { readonly isDegraded: boolean }): Promise<void> {
    await this.#deployment.claim({ isDegraded });
    // A full Redis accepts no heartbeat; the process starts nevertheless, and the next round tries again.
    await announceProcess(this.#redis, this.#process).catch(() => {});
    this.#later();
  }

  /** Of this process. */
  get id(): string {
    return this.#process.id;
  }

  /** Of the program. */
  get version(): string {
    return this.#process.version;
  }

  /** Its host and, if it listens, its port. */
  get address(): string {
    return this.#process.address ?? hostname();
  }

  /** Of its event loop, as the last heartbeat reported it. */
  get lagMs(): number {
    return this.#process.lagMs ?? 0;
  }

  /** Why Redis is not ours; undefined while it is. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** At the beginning of a shutdown, so that other processes no longer count on this one. */
  announceClosing(): Promise<void> {
    return this.#announce({ closing: true });
  }

  /** Before this process begins to append pushes to the stream, and after it has ended. */
  announceAppending(appendsPushes: boolean): Promise<void> {
    return this.#announce({ appendsPushes });
  }

  /** When it listens there. */
  announcePort(port: number): Promise<void> {
    return this.#announce({ address: `${hostname()}:${port}` });
  }

  async #announce(changed: Partial<LiveProcess>): Promise<void> {
    this.#process = { ...this.#process, ...changed };
    if (this.#failure || this.#closed) return;
    const announced = announceProcess(this.#redis, this.#process);
    // Redis may be unavailable; nothing waits for it, and the next heartbeat repeats it.
    await withDeadline(announced, FORGET_TIMEOUT_MS, () => new Error('no answer')).catch(() => {});
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#lag.close();
    const last = this.#round.then(() => (this.#failure ? undefined : forgetProcess(this.#redis, this.#process.id)));
    // Redis may be unavailable; the entry expires.
    await withDeadline(last, FORGET_TIMEOUT_MS, () => new Error('no answer')).catch(() => {});
  }

  #later(): void {
    if (this.#closed) return;
    this.#timer = setTimeout(
      () => {
        this.#round = this.#beat()
          // Redis is unavailable; the next round checks again.
          .catch(() => {})
          .finally(() => this.#later());
      },
      BEAT_INTERVAL_MS * (0.8 + 0.4 * Math.random()),
    );
  }

  async #beat(): Promise<void> {
    const failure = await this.#deployment.check();
    const changed = failure?.message !== this.#failure?.message;
    this.#failure = failure;
    if (changed)
      this.#events.publish('redis', failure ? { what: 'foreign', failure: failureReport(failure) } : { what: 'own' });
    this.#process = { ...this.#process, lagMs: this.#lag.takeMs() };
    if (!failure && !this.#closed) await announceProcess(this.#redis, this.#process);
  }
}

function programVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
