import { withDeadline } from './deadline.ts';

/** Which of the servers that a process depends on answer it now. */
export interface Health {
  readonly redis: boolean;
  readonly database: boolean;
}

/** A balancer that checks every two seconds must have its answer before the next check. */
const PROBE_TIMEOUT_MS = 1_500;

/**
 * One probe for each server, with one time limit each, so that a server that does not answer says nothing about the
 * other. Requests that come while a probe runs share it: clients that wait for a lost server would pile up otherwise.
 */
export function healthProbe(
  probes: Record<keyof Health, () => Promise<unknown>>,
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
export interface Readiness extends Health {
  readonly ready: boolean;
  readonly closing: boolean;
  /** What does not answer although the process can do without it. */
  readonly degraded: readonly (keyof Health)[];
}

/**
 * Whether a balancer may send requests to this process. A gateway without its database still accepts pushes, and WeChat
 * gives up after three tries; so it stays in the balancer. A worker alone has nothing to do without it.
 */
export function readinessOf(
  { redis, database }: Health,
  process: { readonly closing: boolean; readonly needsDatabase: boolean },
): { readonly status: 200 | 503; readonly body: Readiness } {
  const ready = redis && (database || !process.needsDatabase) && !process.closing;
  const degraded: Readiness['degraded'] = database || process.needsDatabase ? [] : ['database'];
  return { status: ready ? 200 : 503, body: { ready, redis, database, closing: process.closing, degraded } };
}
