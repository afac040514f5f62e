import type { LaneOwner, Platform } from '@wxthirdparty/platform';
import type { Process } from '../run-queue.ts';

export function processLane(work: Platform['work']): Process<LaneOwner> {
  return async (lane, signal) => {
    await work.runLaneBatch(lane, signal);
    return undefined;
  };
}
