import type { Usage } from '../quota/usage.ts';
import type { CallSummary } from './call.ts';

/** Whether a call waits for its quota to open. Its own record does not say so: it is the quota's that counts. */
export function isParked({ state, background }: CallSummary, { closedUntil }: Usage): boolean {
  return state === 'queued' && background && closedUntil !== undefined;
}
