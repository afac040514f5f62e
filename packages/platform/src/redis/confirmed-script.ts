import type { Redis } from 'ioredis';
import type { RedisClient } from './connect.ts';
import { refusalOf } from './fail-fast.ts';
import { sendReplicated } from './replicated-batch.ts';
import type { Script, ScriptCall } from './script.ts';
import { replicasIn } from './server-state.ts';
import { refreshSlots, serverOf } from './servers.ts';

/** Replication takes about a millisecond; a replica that needs longer than this is not waited for. */
const REPLICA_TIMEOUT_MS = 50;
/** Runs that arrive within this time share one wait. */
const COLLECT_MS = 2;
const REPLICAS_INTERVAL_MS = 10_000;

export interface Confirmed<Answer> {
  readonly answer: Answer;
  /** Whether a replica has received what the script wrote; undefined: the server has no replica. */
  readonly isConfirmed: boolean | undefined;
}

interface Waiting<Run, Answer> {
  readonly run: Run;
  resolve(confirmed: Confirmed<Answer>): void;
  reject(error: unknown): void;
}

export interface ConfirmedScriptOptions {
  readonly timeoutMs?: number;
  readonly replicasIntervalMs?: number;
}

/**
 * A script after whose runs one replica is waited for, if the server has one (`WAIT`). `WAIT` concerns what its own connection
 * wrote, and blocks that connection. So the connection has no other use, and each server receives one batch at a time: what
 * arrives meanwhile shares the next one.
 */
export class ConfirmedScript<Keys extends readonly string[], Args extends readonly string[], Answer> {
  readonly #redis: RedisClient;
  readonly #script: Script<Keys, Args, Answer>;
  readonly #timeoutMs: number;
  readonly #timer: NodeJS.Timeout;
  /** By connection: one, or one for each master of a Cluster. */
  readonly #servers = new Map<Redis, ServerQueue<Keys, Args, Answer>>();

  constructor(
    redis: RedisClient,
    script: Script<Keys, Args, Answer>,
    { timeoutMs = REPLICA_TIMEOUT_MS, replicasIntervalMs = REPLICAS_INTERVAL_MS }: ConfirmedScriptOptions = {},
  ) {
    this.#redis = redis;
    this.#script = script;
    this.#timeoutMs = timeoutMs;
    this.#timer = setInterval(() => this.#readReplicas(), replicasIntervalMs).unref();
  }

  /** Throws what Redis throws; a replica that does not confirm is no error. */
  async run(...run: ScriptCall<Keys, Args>): Promise<Confirmed<Answer>> {
    const refusal = refusalOf(this.#redis);
    if (refusal) throw refusal;
    return this.#queueOf(run).add(run);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #queueOf([keys]: ScriptCall<Keys, Args>): ServerQueue<Keys, Args, Answer> {
    const server = this.#serverOf(Object.values<string>(keys)[0]!);
    let queue = this.#servers.get(server);
    if (queue === undefined) {
      queue = new ServerQueue(this.#redis, server, this.#script, this.#timeoutMs);
      this.#servers.set(server, queue);
    }
    return queue;
  }

  #serverOf(key: string): Redis {
    try {
      return serverOf(this.#redis, key);
    } catch (error) {
      // The master of the slot is gone; the next run may find its successor.
      void refreshSlots(this.#redis);
      throw error;
    }
  }

  #readReplicas(): void {
    for (const [server, queue] of this.#servers) {
      // A connection to a server of a Cluster that has ended is replaced by another one.
      if (server.status === 'end') this.#servers.delete(server);
      else void queue.readReplicas();
    }
  }
}

/** The runs that wait for one server. */
class ServerQueue<Keys extends readonly string[], Args extends readonly string[], Answer> {
  readonly #redis: RedisClient;
  readonly #server: Redis;
  readonly #script: Script<Keys, Args, Answer>;
  readonly #timeoutMs: number;
  /** Undefined: not known, since the connection is new. */
  #replicas: number | undefined;
  #waiting: Waiting<ScriptCall<Keys, Args>, Answer>[] = [];
  #isScheduled = false;
  /** Batches that Redis has not answered yet. */
  #sent = 0;

  constructor(redis: RedisClient, server: Redis, script: Script<Keys, Args, Answer>, timeoutMs: number) {
    this.#redis = redis;
    this.#server = server;
    this.#script = script;
    this.#timeoutMs = timeoutMs;
    // The next connection may lead to another server.
    server.on('close', () => {
      this.#replicas = undefined;
    });
  }

  add(run: ScriptCall<Keys, Args>): Promise<Confirmed<Answer>> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ run, resolve, reject });
      this.#schedule(COLLECT_MS);
    });
  }

  /** 0 if the server does not answer: then what is sent next fails, too. */
  async readReplicas(): Promise<number> {
    try {
      this.#replicas = replicasIn(await this.#server.info('replication'));
    } catch {
      this.#replicas = undefined;
    }
    return this.#replicas ?? 0;
  }

  /** Without replicas nothing blocks the connection, so that nothing is gained by collecting. */
  #schedule(collectMs: number): void {
    const isWaitedFor = this.#replicas !== 0;
    if (this.#isScheduled || (this.#sent > 0 && isWaitedFor)) return;
    this.#isScheduled = true;
    const send = () => void this.#sendWaiting();
    if (isWaitedFor && collectMs > 0) setTimeout(send, collectMs);
    else setImmediate(send);
  }

  async #sendWaiting(): Promise<void> {
    const batch = this.#waiting;
    this.#waiting = [];
    this.#isScheduled = false;
    this.#sent++;
    try {
      const hasReplica = (this.#replicas ?? (await this.readReplicas())) > 0;
      const sent = await sendReplicated(this.#redis, this.#server, {
        script: this.#script,
        runs: batch.map(({ run }) => run),
        waitMs: hasReplica ? this.#timeoutMs : undefined,
      });
      for (const [i, { resolve, reject }] of batch.entries()) {
        const { answer, isReplicated } = sent[i]!;
        if (answer instanceof Error) reject(answer);
        else resolve({ answer, isConfirmed: hasReplica ? isReplicated : undefined });
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      this.#sent--;
      if (this.#waiting.length > 0) this.#schedule(0);
    }
  }
}
