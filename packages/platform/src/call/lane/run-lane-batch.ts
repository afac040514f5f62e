import type { HostGate } from '../../token/host-gate.ts';
import type { CallRunResult } from '../run.ts';
import { YIELD_DELAY_MS } from '../verdict.ts';
import type { LaneOwner, LaneStore } from './lane-store.ts';
import type { Lanes } from './lanes.ts';

const MAX_CALLS = 10;
const MAX_BATCH_MS = 2_000;
/** After a turn that our own trouble has cut short. */
const RETRY_DELAY_MS = 1_000;
/** A token may come back earlier than its last failure promised; looking whether it has costs WeChat nothing. */
const MAX_HOLD_MS = 60_000;

export interface LaneBatchOptions {
  readonly store: LaneStore;
  readonly lanes: Lanes;
  readonly gate: Pick<HostGate, 'yields'>;
  readonly perform: (id: string, signal: AbortSignal) => Promise<CallRunResult>;
}

/**
 * One turn of a lane: a few calls, or two seconds; then it stands behind the others, so that shares are fair. A call
 * leaves the lane when it is settled, not before: whoever dies in mid-turn loses nothing, and what he sent is known by
 * the call's own record.
 */
export async function runLaneBatch(owner: LaneOwner, signal: AbortSignal, options: LaneBatchOptions): Promise<void> {
  try {
    await callAfterCall(owner, signal, options);
  } catch (error) {
    // This job is over then, but the lane is not.
    await options.lanes.sleep(owner, RETRY_DELAY_MS);
    throw error;
  }
}

async function callAfterCall(owner: LaneOwner, signal: AbortSignal, { store, lanes, gate, perform }: LaneBatchOptions) {
  if (gate.yields(owner.component)) return lanes.sleep(owner, YIELD_DELAY_MS);
  const begunAt = performance.now();
  let done: string | undefined;
  for (let calls = 0; ; calls++) {
    const step = await store.next(owner, done);
    if (step.do === 'wait') return lanes.sleep(owner, step.forMs);
    if (step.do === 'rest') return lanes.rest(owner);
    const over = calls >= MAX_CALLS || performance.now() - begunAt > MAX_BATCH_MS || signal.aborted;
    if (over) return lanes.wake(owner);

    const performed = await perform(step.id, signal);
    done = performed.done ? step.entry : undefined;
    if (performed.done) continue;
    if ('requeue' in performed) return lanes.wake(owner);
    // A closed quota holds its path by itself, and a dead token holds them all.
    const holdMs = Math.min(performed.delayMs, MAX_HOLD_MS);
    if (performed.until === 'token') await store.hold(owner, holdMs);
    if (performed.until === 'again') await store.holdPath(owner, step, holdMs);
  }
}
