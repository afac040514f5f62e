import type { RedisClient } from './connect.ts';
import type { Script, ScriptCall } from './script.ts';
import { replicasIn } from './server-state.ts';

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

/**
 * A script after whose runs one replica is waited for, if there is one (`WAIT`). `WAIT` concerns what its own connection
 * wrote, and blocks that connection; so the connection has no other use, and one batch is sent at a time: what arrives
 * meanwhile shares the next one.
 */
export class ConfirmedScript<Keys extends readonly string[], Args extends readonly string[], Answer> {
  readonly #redis: RedisClient;
  readonly #script: Script<Keys, Args, Answer>;
  readonly #timeoutMs: number;
  readonly #timer: NodeJS.Timeout;
  /** Undefined: not known, since the connection is new. */
  #replicas: number | undefined;
  #waiting: Waiting<ScriptCall<Keys, Args>, Answer>[] = [];
  #isScheduled = false;
  /** Batches that Redis has not answered yet. */
  #sent = 0;

  constructor(
    redis: RedisClient,
    script: Script<Keys, Args, Answer>,
    {
      timeoutMs = REPLICA_TIMEOUT_MS,
      replicasIntervalMs = REPLICAS_INTERVAL_MS,
    }: { readonly timeoutMs?: number; readonly replicasIntervalMs?: number } = {},
  ) {
    this.#timeoutMs = timeoutMs;
    this.#redis = redis;
    this.#script = script;
    // The next connection may lead to another server.
    redis.on('close', () => {
      this.#replicas = undefined;
    });
    void this.#readReplicas();
    this.#timer = setInterval(() => void this.#readReplicas(), replicasIntervalMs).unref();
  }

  /** Throws what Redis throws; a replica that does not confirm is no error. */
  run(...run: ScriptCall<Keys, Args>): Promise<Confirmed<Answer>> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ run, resolve, reject });
      this.#schedule(COLLECT_MS);
    });
  }

  close(): void {
    clearInterval(this.#timer);
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
      const { answers, isConfirmed } = await this.#send(batch.map(({ run }) => run));
      for (const [i, { resolve, reject }] of batch.entries()) {
        const answer = answers[i]!;
        if (answer instanceof Error) reject(answer);
        else resolve({ answer, isConfirmed });
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      this.#sent--;
      if (this.#waiting.length > 0) this.#schedule(0);
    }
  }

  async #send(runs: readonly ScriptCall<Keys, Args>[]) {
    const replicas = this.#replicas ?? (await this.#readReplicas());
    const commands = this.#redis.pipeline();
    const added = this.#script.addTo(commands, runs);
    if (replicas > 0) commands.wait(1, this.#timeoutMs);
    const replies = (await commands.exec())!;
    const [error, received] = replies[added.commands] ?? [null, undefined];
    return {
      answers: added.read(replies.slice(0, added.commands)),
      isConfirmed: replicas > 0 ? error === null && Number(received) > 0 : undefined,
    };
  }

  /** 0 if Redis does not answer: then what is sent next fails, too. */
  async #readReplicas(): Promise<number> {
    try {
      this.#replicas = replicasIn(await this.#redis.info('replication'));
    } catch {
      this.#replicas = undefined;
    }
    return this.#replicas ?? 0;
  }
}
