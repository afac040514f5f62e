import { randomUUID } from 'node:crypto';
import { endpointOf } from '@wxthirdparty/wechat';
import { parseCallId } from './call-id.ts';
import type { CallStore } from './call-store.ts';
import { type CallRunResult, Run, type RunDeps } from './run.ts';
import { YIELD_DELAY_MS } from './verdict.ts';

/** A call that is safe to repeat waits less for the run that holds it: to be sent twice does no harm. */
const SAFE_HOLD_REDUCTION_MS = 5_000;

/** The record is in Redis. */
export type PerformDeps = RunDeps & { readonly store: Pick<CallStore, 'load'> };

/** Runs one call as far as possible; the next run continues from its record. */
export async function perform(id: string, signal: AbortSignal, deps: PerformDeps): Promise<CallRunResult> {
  const call = parseCallId(id);
  if (!call) return { done: true, outcome: 'not_a_call', attempts: 0 };
  const stored = await deps.store.load(call);
  if (!stored) return { done: true, outcome: 'gone', attempts: 0 };
  const { settled, attempts, hasCallback } = stored;
  if (settled) return { done: true, outcome: 'settled_before', attempts, hasCallback };
  const { safeToRepeat } = endpointOf(stored.method, stored.path);
  const heldMs = stored.heldMs - (safeToRepeat ? SAFE_HOLD_REDUCTION_MS : 0);
  // The run that sent it may still be alive and receive the answer, even if its job's lock has ended.
  if (heldMs > 0) return { done: false, delayMs: heldMs, until: 'again' };
  // A process whose address WeChat allows takes it.
  if (stored.now < stored.deadlineAt && deps.gate.yields(call.component)) {
    return { done: false, delayMs: YIELD_DELAY_MS, until: 'again' };
  }
  return new Run(call, randomUUID(), stored, signal, deps).run();
}
