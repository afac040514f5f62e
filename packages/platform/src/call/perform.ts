import { randomUUID } from 'node:crypto';
import { endpointOf } from '@wxthirdparty/wechat';
import { untilStored } from '../request/until-stored.ts';
import type { Tokens } from '../token/tokens.ts';
import { type CallId, parseCallId } from './call-id.ts';
import type { StoredCall } from './call-record.ts';
import type { CallStore } from './call-store.ts';
import { tokenOwnerOf } from './call-token.ts';
import type { ExpectedCall } from './load-call.ts';
import { type CallRunResult, type Prepared, Run, type RunDeps } from './run.ts';
import { YIELD_DELAY_MS } from './verdict.ts';

/** A call that is safe to repeat waits less for the run that holds it: to be sent twice does no harm. */
const SAFE_HOLD_REDUCTION_MS = 5_000;

/** The record is in Redis. */
export type PerformDeps = RunDeps & {
  readonly store: Pick<CallStore, 'load' | 'loadAndDepart'>;
  readonly tokens: Pick<Tokens, 'cached'>;
};

interface Taken {
  readonly stored: StoredCall;
  /** Of the call's first departure, if it was possible in the same round trip. */
  readonly prepared?: Prepared | undefined;
}

/**
 * Runs one call as far as possible; the next run continues from its record. `expected`: what the call's job knows of it, so that
 * the first run departs while it reads the record.
 */
export async function perform(
  id: string,
  signal: AbortSignal,
  deps: PerformDeps,
  expected?: ExpectedCall,
): Promise<CallRunResult> {
  const call = parseCallId(id);
  if (!call) return { done: true, outcome: 'not_a_call', attempts: 0 };
  const runId = randomUUID();
  const taken = await take(call, runId, expected, deps);
  if (!taken) return { done: true, outcome: 'gone', attempts: 0 };
  const { stored, prepared } = taken;
  if (prepared) return new Run(call, runId, stored, signal, deps).runPrepared(prepared);
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
  return new Run(call, runId, stored, signal, deps).run();
}

async function take(
  call: CallId,
  runId: string,
  expected: ExpectedCall | undefined,
  deps: PerformDeps,
): Promise<Taken | undefined> {
  const first = expected && firstDeparture(call, expected, deps);
  if (!first) {
    const stored = await deps.store.load(call);
    return stored && { stored };
  }
  const claimedAt = performance.now();
  const found = await deps.store.loadAndDepart(call, runId, first.expected, first.quota);
  if (!found?.departure) return found && { stored: found.stored };
  const { stored, departure } = found;
  if (departure.go !== 'yes' || stored.unreadable === undefined) {
    return { stored, prepared: { departure, claimedAt, token: first.token } };
  }
  await untilStored(() => deps.store.release(call, runId, 'not-sent'));
  return { stored };
}

/** Undefined if the departure has to wait for something: a token that is not cached, or another process. */
function firstDeparture(call: CallId, expected: ExpectedCall, { tokens, ledger, gate }: PerformDeps) {
  const { component, appid } = call;
  const { method, path } = expected;
  if (gate.yields(component)) return undefined;
  const owner = tokenOwnerOf({ component, appid, method, path });
  const token = owner && tokens.cached(owner);
  if (owner && !token) return undefined;
  const quota = ledger.scriptArgs({ component, appid, path }, endpointOf(method, path));
  return { expected: { method, path }, token, quota };
}
