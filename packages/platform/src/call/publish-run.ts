import type { Events } from '../events.ts';
import type { CallRunResult } from './run.ts';

/** Publishes that a run settled a call, or that it threw. `ms`: how long the run took. `hasCaller`: see CallEvent. */
export function publishRun(events: Events, call: string, result: CallRunResult, ms: number, hasCaller = false): void {
  if ('fault' in result && result.fault) {
    const { message, stack } = result.fault;
    events.publish('call-fault', { call, message, stack });
  }
  if (!result.done) return;
  const { outcome, errcode, attempts, corrected } = result;
  events.publish('call', {
    call,
    outcome,
    errcode,
    attempts,
    ms: Math.round(ms),
    ...(hasCaller ? { hasCaller } : {}),
    ...(corrected ? { corrected } : {}),
  });
}
