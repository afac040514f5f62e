import { withDeadline } from './deadline.ts';
import type { Events } from './events.ts';

/** Which of the servers that a process depends on answer it now. */
export interface Health {
  /** The primary, or at least one master. */
  readonly redis: boolean;
  /** The masters of a Cluster that do not answer, `host:port`, while others do. */
  readonly missing?: readonly string[];
  readonly database: boolean;
  /** False: this process cannot ask WeChat for tokens. */
  readonly wechat?: boolean;
}

/** A balancer that checks every two seconds must have its answer before the next check. */
const PROBE_TIMEOUT_MS = 1_500;

/**
 * One probe for each server, with one time limit each, so that a server that does not answer says nothing about the
 * other. Requests that arrive while a probe runs share it; otherwise probes of an unreachable server would accumulate.
 * `redis` resolves to the masters that do not answer, and rejects if none does.
 */
export function healthProbe(
  probes: { readonly redis: () => Promise<readonly string[]>; readonly database: () => Promise<unknown> },
  timeoutMs = PROBE_TIMEOUT_MS,
): () => Promise<Health> {
  const redis = sharedProbe(probes.redis, timeoutMs);
  const database = sharedProbe(probes.database, timeoutMs);
  return async () => {
    const [onRedis, onDatabase] = await Promise.all([redis(), database()]);
    const missing = onRedis?.answer ?? [];
    return {
      redis: onRedis !== undefined,
      database: onDatabase !== undefined,
      ...(missing.length > 0 ? { missing } : {}),
    };
  };
}

interface Answered<Answer> {
  readonly answer: Answer;
}

/** Undefined: no answer. */
function sharedProbe<Answer>(
  probe: () => Promise<Answer>,
  timeoutMs: number,
): () => Promise<Answered<Answer> | undefined> {
  let running: Promise<Answered<Answer> | undefined> | undefined;
  return () => {
    running ??= answerInTime(probe, timeoutMs).finally(() => {
      running = undefined;
    });
    return running;
  };
}

async function answerInTime<Answer>(
  probe: () => Promise<Answer>,
  timeoutMs: number,
): Promise<Answered<Answer> | undefined> {
  try {
    return { answer: await withDeadline(probe(), timeoutMs, () => new Error('no answer in time')) };
  } catch {
    return undefined;
  }
}

/** What `/readyz` answers. */
export interface Readiness extends Omit<Health, 'wechat' | 'missing'> {
  readonly ready: boolean;
  readonly closing: boolean;
  /** What this process lacks but can work without. Without `wechat`, other processes fetch the tokens; `redis`: some masters. */
  readonly degraded: readonly ('redis' | 'database' | 'wechat')[];
}

/**
 * Whether a load balancer may send requests to this process. A gateway without its database stays in the load balancer: it
 * still accepts pushes, and WeChat gives up after three tries. A worker can do nothing without the database. One master of a
 * Redis Cluster is no reason to remove every process.
 */
export function readinessOf(
  { redis, missing = [], database, wechat }: Health,
  process: { readonly closing: boolean; readonly needsDatabase: boolean },
): { readonly status: 200 | 503; readonly body: Readiness } {
  const ready = redis && (database || !process.needsDatabase) && !process.closing;
  const degraded: Readiness['degraded'][number][] = [];
  if (redis && missing.length > 0) degraded.push('redis');
  if (!database && !process.needsDatabase) degraded.push('database');
  if (wechat === false) degraded.push('wechat');
  return { status: ready ? 200 : 503, body: { ready, redis, database, closing: process.closing, degraded } };
}

const WATCH_INTERVAL_MS = 2_000;
/** One slow answer is no outage. */
const FAILURES_OF_AN_OUTAGE = 2;

/** Publishes each change once, so that an outage is one event and not one for each operation that fails. */
export function watchHealth(
  health: () => Promise<Health>,
  events: Events,
  intervalMs = WATCH_INTERVAL_MS,
): { stop(): void } {
  const servers = (['redis', 'database'] as const).map((server) => ({ server, failures: 0, failingSince: 0 }));
  const masters = new MissingMasters(events);
  const check = async () => {
    const answers = await health();
    masters.see(answers.redis ? (answers.missing ?? []) : undefined);
    for (const state of servers) {
      if (!answers[state.server]) {
        state.failures += 1;
        if (state.failures === 1) state.failingSince = performance.now();
        if (state.failures === FAILURES_OF_AN_OUTAGE) events.publish(state.server, { what: 'unreachable' });
      } else {
        if (state.failures >= FAILURES_OF_AN_OUTAGE) {
          const outageMs = Math.round(performance.now() - state.failingSince);
          events.publish(state.server, { what: 'reachable', outageMs });
        }
        state.failures = 0;
      }
    }
  };
  const timer = setInterval(() => void check(), intervalMs);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

/** Reports when masters of a Cluster are missing, and when all answer again. */
class MissingMasters {
  readonly #events: Events;
  #checks = 0;

  constructor(events: Events) {
    this.#events = events;
  }

  /** Undefined: none answers, which is another event. */
  see(missing: readonly string[] | undefined): void {
    if (missing === undefined) return;
    if (missing.length > 0) {
      this.#checks += 1;
      if (this.#checks === FAILURES_OF_AN_OUTAGE) this.#events.publish('redis', { what: 'incomplete', missing });
      return;
    }
    if (this.#checks >= FAILURES_OF_AN_OUTAGE) this.#events.publish('redis', { what: 'complete' });
    this.#checks = 0;
  }
}
