import { withDeadline } from './deadline.ts';
import type { Events } from './events.ts';

/** Which of the servers that a process depends on answer it now. */
export interface Health {
  readonly redis: boolean;
  readonly database: boolean;
  /** False: this process cannot ask WeChat for tokens. */
  readonly wechat?: boolean;
}

/** A balancer that checks every two seconds must have its answer before the next check. */
const PROBE_TIMEOUT_MS = 1_500;

/**
 * One probe for each server, with one time limit each, so that a server that does not answer says nothing about the
 * other. Requests that arrive while a probe runs share it; otherwise probes of an unreachable server would accumulate.
 */
export function healthProbe(
  probes: Record<'redis' | 'database', () => Promise<unknown>>,
  timeoutMs = PROBE_TIMEOUT_MS,
): () => Promise<Health> {
  const redis = sharedProbe(probes.redis, timeoutMs);
  const database = sharedProbe(probes.database, timeoutMs);
  return async () => {
    const [onRedis, onDatabase] = await Promise.all([redis(), database()]);
    return { redis: onRedis, database: onDatabase };
  };
}

function sharedProbe(probe: () => Promise<unknown>, timeoutMs: number): () => Promise<boolean> {
  let running: Promise<boolean> | undefined;
  return () => {
    running ??= answersInTime(probe, timeoutMs).finally(() => {
      running = undefined;
    });
    return running;
  };
}

async function answersInTime(probe: () => Promise<unknown>, timeoutMs: number): Promise<boolean> {
  try {
    await withDeadline(probe(), timeoutMs, () => new Error('no answer in time'));
    return true;
  } catch {
    return false;
  }
}

/** What `/readyz` answers. */
export interface Readiness extends Omit<Health, 'wechat'> {
  readonly ready: boolean;
  readonly closing: boolean;
  /** What this process lacks but can work without. Without `wechat`, other processes fetch the tokens. */
  readonly degraded: readonly ('database' | 'wechat')[];
}

/**
 * Whether a load balancer may send requests to this process. A gateway without its database stays in the load balancer: it
 * still accepts pushes, and WeChat gives up after three tries. A worker can do nothing without the database.
 */
export function readinessOf(
  { redis, database, wechat }: Health,
  process: { readonly closing: boolean; readonly needsDatabase: boolean },
): { readonly status: 200 | 503; readonly body: Readiness } {
  const ready = redis && (database || !process.needsDatabase) && !process.closing;
  const degraded: Readiness['degraded'][number][] = [];
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
  const check = async () => {
    const answers = await health();
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
