import type { Token } from '../../token/token.ts';
import type { CallId } from '../call-id.ts';
import type { DepartedAtOnce } from '../create-call.ts';
import { type CallRunResult, Run, type RunDeps } from '../run.ts';

/** Continues a call that departed as `runId` when its record was created. */
export function performDeparted(
  call: CallId,
  runId: string,
  departed: DepartedAtOnce,
  token: Token | undefined,
  signal: AbortSignal,
  deps: RunDeps,
): Promise<CallRunResult> {
  return new Run(call, runId, departed.stored, signal, deps).runDeparted({ ...departed, token });
}
