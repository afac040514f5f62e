import type { LaneOwner, Platform } from '@wxthirdparty/platform';
import type { Logger } from 'pino';
import { logCall } from '../log-call.ts';
import type { Process } from '../run-queue.ts';

export function processLane(work: Platform['work'], log: Logger): Process<LaneOwner> {
  return async (lane, signal) => {
    await work.takeTurn(lane, signal, (id, performed, ms) => logCall(log, id, performed, ms));
    return undefined;
  };
}
