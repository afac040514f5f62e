import type { CallSummary } from './call.ts';

/** Whether a settled call is a failure for its caller: WeChat refused it, or no answer of WeChat is its outcome. */
export function hasFailed({ state, answered }: Pick<CallSummary, 'state' | 'answered'>): boolean {
  return state === 'failed' || (state === 'completed' && (answered?.errcode ?? 0) !== 0);
}
