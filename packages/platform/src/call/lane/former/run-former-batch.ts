import type { CallRunResult } from '../../run.ts';
import type { LaneOwner } from '../lane-owner.ts';
import type { Lanes } from '../lanes.ts';
import type { FormerLaneStore } from './former-lane-store.ts';

const MAX_CALLS = 10;
const MAX_BATCH_MS = 2_000;
/** A token may be available earlier than its last failure announced; to check costs no request to WeChat. */
const MAX_HOLD_MS = 60_000;

export interface FormerBatchOptions {
  readonly store: FormerLaneStore;
  readonly lanes: Pick<Lanes, 'sleep' | 'rest'>;
  readonly perform: (id: string, signal: AbortSignal) => Promise<CallRunResult>;
}

/**
 * A few calls of a lane of the former format, one after the other. A call is removed from the lane when it is settled, so a process
 * that dies in mid-batch loses nothing: the call's own record says what may have been sent. `more`: another call may depart now.
 */
export async function runFormerBatch(
  owner: LaneOwner,
  signal: AbortSignal,
  { store, lanes, perform }: FormerBatchOptions,
): Promise<'more' | 'idle'> {
  const startedAt = performance.now();
  let done: string | undefined;
  for (let calls = 0; ; calls++) {
    const step = await store.next(owner, done);
    if (step.do === 'wait') {
      await lanes.sleep(owner, step.forMs, 'former');
      return 'idle';
    }
    if (step.do === 'rest') {
      await lanes.rest(owner, 'former');
      return 'idle';
    }
    if (calls >= MAX_CALLS || performance.now() - startedAt > MAX_BATCH_MS || signal.aborted) return 'more';

    const performed = await perform(step.id, signal);
    done = performed.done ? step.entry : undefined;
    if (performed.done) continue;
    if ('requeue' in performed) return 'more';
    // A closed quota holds back its path without this; a missing token holds back all paths.
    const holdMs = Math.min(performed.delayMs, MAX_HOLD_MS);
    if (performed.until === 'token') await store.hold(owner, holdMs);
    if (performed.until === 'again') await store.holdPath(owner, step, holdMs);
  }
}
