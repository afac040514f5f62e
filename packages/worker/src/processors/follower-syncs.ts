import type { Platform } from '@wxthirdparty/platform';
import type { Logger } from 'pino';
import type { Process } from '../run-queue.ts';

export function processFollowerSync(work: Platform['work'], log: Logger): Process<{ readonly id: string }> {
  return async ({ id }, signal) => {
    const begunAt = performance.now();
    const { next, outcome, ...turn } = await work.performTurn(id, signal);
    const line = { sync: id, outcome, ...turn, ms: Math.round(performance.now() - begunAt) };
    if (outcome === 'completed' || outcome === 'failed') log.info(line, 'follower sync');
    else log.debug(line, 'follower sync');
    return next;
  };
}
