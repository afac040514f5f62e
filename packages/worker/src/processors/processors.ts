import type { Platform, Queues } from '@wxthirdparty/platform';
import type { Process } from '../run-queue.ts';
import { processAuthorization } from './authorizations.ts';
import { processCallback } from './callbacks.ts';
import { processCall } from './calls.ts';
import { processDeliveryBatch } from './deliveries.ts';
import { processErasure } from './erasures.ts';
import { processFollowerSync } from './follower-syncs.ts';
import { processLane } from './lanes.ts';
import { processLateReply } from './late-replies.ts';
import { processProfile } from './profiles.ts';
import { processPush } from './pushes.ts';
import { processQuotaAlarm } from './quota-alarms.ts';
import { processQuotaReading } from './quotas.ts';
import { processReconciliation } from './reconciliations.ts';
import { processRefresh } from './refreshes.ts';
import { processRehearsal } from './rehearsals.ts';
import { processReleaseCheck } from './release-checks.ts';
import { processReplay } from './replays.ts';

export type Processors = { readonly [Q in keyof Queues]: Process<Queues[Q]> };

/** One processor for each queue. `concurrency`: jobs of one queue that run at the same time in this process. */
export function openProcessors(work: Platform['work'], concurrency: number): Processors {
  return {
    pushes: processPush(work),
    authorizations: processAuthorization(work),
    'release-checks': processReleaseCheck(work),
    rehearsals: processRehearsal(work),
    refreshes: processRefresh(work),
    'ticket-refreshes': processRefresh(work),
    calls: processCall(work),
    lanes: processLane(work),
    callbacks: processCallback(work, concurrency),
    deliveries: processDeliveryBatch(work),
    replays: processReplay(work),
    'late-replies': processLateReply(work),
    erasures: processErasure(work),
    profiles: processProfile(work),
    reconciliations: processReconciliation(work),
    'follower-syncs': processFollowerSync(work),
    quotas: processQuotaReading(work),
    'quota-alarms': processQuotaAlarm(work),
  };
}
