import type { RedisClient } from '../redis/connect.ts';
import { toLocalDate } from '../redis/redis-time.ts';
import { type ProcessRole, type SeenProcess, seenProcesses } from './live-processes.ts';

const LOST_AFTER_MS = 30_000;

/** A process of the deployment, as its last heartbeat described it. */
export interface ProcessView {
  readonly id: string;
  /** `node`: gateway and worker at once. */
  readonly role: ProcessRole | 'node';
  /** Of the program. */
  readonly version: string;
  readonly startedAt: Date;
  readonly heartbeatAt: Date;
  /** Its host and, if it listens, its port; null: it is of a version that does not report it. */
  readonly address: string | null;
  /** By how much its event loop was late lately (99th percentile, ms); null: not reported yet. */
  readonly lagMs: number | null;
}

/** Those that gave no heartbeat for a while, too: they may have died. The oldest first. */
export async function listProcesses(redis: RedisClient): Promise<ProcessView[]> {
  const { now, processes } = await seenProcesses(redis);
  return processes.map((process) => viewOf(process, now)).sort((a, b) => Number(a.startedAt) - Number(b.startedAt));
}

/** A process that has not shut down and gives no heartbeat. */
export type LostProcess = Pick<ProcessView, 'id' | 'role' | 'address'>;

/** Those whose last heartbeat is 30 seconds to 10 minutes old. */
export async function lostProcesses(redis: RedisClient): Promise<LostProcess[]> {
  const { now, processes } = await seenProcesses(redis);
  return processes
    .filter(({ seenAt, closing }) => closing !== true && now - seenAt > LOST_AFTER_MS)
    .map((process) => viewOf(process, now));
}

function viewOf({ id, roles, version, startedAt, seenAt, address, lagMs }: SeenProcess, now: number): ProcessView {
  return {
    id,
    role: roleOf(roles),
    version,
    startedAt: new Date(startedAt),
    heartbeatAt: toLocalDate(seenAt, now),
    address: address ?? null,
    lagMs: lagMs ?? null,
  };
}

function roleOf(roles: readonly ProcessRole[]): ProcessView['role'] {
  return roles.length > 1 ? 'node' : roles[0]!;
}
