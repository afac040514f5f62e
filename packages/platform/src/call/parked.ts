import type { Usage } from '../quota/usage.ts';
import type { CallSummary } from './call.ts';

/** Whether a call waits for its quota to open. Only the quota's own record shows that. */
export function isParked({ state, background }: CallSummary, { closedUntil }: Usage): boolean {
  return state === 'queued' && background && closedUntil !== undefined;
}
