import type { Platform, Queues } from '@wxthirdparty/platform';
import type { Logger } from 'pino';
import type { Process } from '../run-queue.ts';
import { processAuthorization } from './authorizations.ts';
import { processCallback } from './callbacks.ts';
import { processCall } from './calls.ts';
import { processFollowerSync } from './follower-syncs.ts';
import { processLane } from './lanes.ts';
import { processProfile } from './profiles.ts';
import { processPush } from './pushes.ts';
import { processQuotaAlarm } from './quota-alarms.ts';
import { processQuotaReading } from './quotas.ts';
import { processReconciliation } from './reconciliations.ts';
import { processRefresh } from './refreshes.ts';

export type Processors = { readonly [Q in keyof Queues]: Process<Queues[Q]> };

/** One processor for each queue. `concurrency`: jobs of one queue that run at the same time in this process. */
export function openProcessors(work: Platform['work'], concurrency: number, log: Logger): Processors {
  return {
    pushes: processPush(work, log),
    authorizations: processAuthorization(work, log),
    refreshes: processRefresh(work),
    calls: processCall(work, log),
    lanes: processLane(work, log),
    callbacks: processCallback(work, concurrency, log),
    profiles: processProfile(work, log),
    reconciliations: processReconciliation(work, log),
    'follower-syncs': processFollowerSync(work, log),
    quotas: processQuotaReading(work, log),
    'quota-alarms': processQuotaAlarm(work, log),
  };
}
