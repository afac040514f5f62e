import type { HostGate } from '../../token/host-gate.ts';
import type { CallRunResult } from '../run.ts';
import { YIELD_DELAY_MS } from '../verdict.ts';
import type { LaneOwner, LaneStore } from './lane-store.ts';
import type { Lanes } from './lanes.ts';

const MAX_CALLS = 10;
const MAX_BATCH_MS = 2_000;
/** After a batch that an internal error has ended. */
const RETRY_DELAY_MS = 1_000;
/** A token may be available earlier than its last failure announced; to check costs no request to WeChat. */
const MAX_HOLD_MS = 60_000;

export interface LaneBatchOptions {
  readonly store: LaneStore;
  readonly lanes: Lanes;
  readonly gate: Pick<HostGate, 'yields'>;
  readonly perform: (id: string, signal: AbortSignal) => Promise<CallRunResult>;
}

/**
 * One batch of a lane: a few calls, or two seconds; then its job goes to the tail of the queue, so that accounts share fairly. A
 * call is removed from the lane when it is settled, so a process that dies in mid-batch loses nothing: the call's own record
 * says what may have been sent.
 */
export async function runLaneBatch(owner: LaneOwner, signal: AbortSignal, options: LaneBatchOptions): Promise<void> {
  try {
    await callAfterCall(owner, signal, options);
  } catch (error) {
    // The job ends, but the lane still has a backlog.
    await options.lanes.sleep(owner, RETRY_DELAY_MS);
    throw error;
  }
}

async function callAfterCall(owner: LaneOwner, signal: AbortSignal, { store, lanes, gate, perform }: LaneBatchOptions) {
  if (gate.yields(owner.component)) return lanes.sleep(owner, YIELD_DELAY_MS);
  const startedAt = performance.now();
  let done: string | undefined;
  for (let calls = 0; ; calls++) {
    const step = await store.next(owner, done);
    if (step.do === 'wait') return lanes.sleep(owner, step.forMs);
    if (step.do === 'rest') return lanes.rest(owner);
    const over = calls >= MAX_CALLS || performance.now() - startedAt > MAX_BATCH_MS || signal.aborted;
    if (over) return lanes.wake(owner);

    const performed = await perform(step.id, signal);
    done = performed.done ? step.entry : undefined;
    if (performed.done) continue;
    if ('requeue' in performed) return lanes.wake(owner);
    // A closed quota holds back its path without this; a missing token holds back all paths.
    const holdMs = Math.min(performed.delayMs, MAX_HOLD_MS);
    if (performed.until === 'token') await store.hold(owner, holdMs);
    if (performed.until === 'again') await store.holdPath(owner, step, holdMs);
  }
}
