import type { Process, Queue } from '@wxthirdparty/sdk';

/** A process writes a heartbeat every five seconds. */
const LOST_MS = 15_000;

export function isLost({ heartbeatAt }: Pick<Process, 'heartbeatAt'>, now: number): boolean {
  return now - Date.parse(heartbeatAt) > LOST_MS;
}

export function versionsOf(processes: readonly Pick<Process, 'version'>[]): string[] {
  return [...new Set(processes.map(({ version }) => version))].toSorted();
}

/** How long the job has waited that has waited longest, of all queues. */
export function oldestOf(queues: readonly Pick<Queue, 'oldestMs'>[]): number {
  return Math.max(0, ...queues.map(({ oldestMs }) => oldestMs ?? 0));
}
