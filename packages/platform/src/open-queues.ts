import { ProfileJob } from './authorizer/profile-job.ts';
import { CallJob } from './call/call-job.ts';
import { LaneJob } from './call/lane/lane-job.ts';
import { CallbackJob } from './callback/callback-job.ts';
import { AuthorizeJob } from './consent/authorize-job.ts';
import { DeliveryBatchJob } from './delivery/delivery-job.ts';
import { ReplayJob } from './delivery/replay-job.ts';
import { FollowerSyncJob } from './follower/follower-sync-job.ts';
import { ErasureJob } from './push/erasure-job.ts';
import { PushJob } from './push/push-job.ts';
import { LateReplyJob } from './push/reply/late-reply-job.ts';
import { defineQueues, type OpenQueue, openQueue, type PayloadsOf } from './queue/queues.ts';
import { QuotaAlarmJob } from './quota/alarm-job.ts';
import { QuotaReadingJob } from './quota-lookup/quota-lookup-job.ts';
import { ReconcileJob } from './reconciliation/reconcile-job.ts';
import type { RedisClient } from './redis/connect.ts';
import { RehearsalJob } from './release-check/rehearsal-job.ts';
import { ReleaseCheckJob } from './release-check/release-check-job.ts';
import type { Scope } from './scope.ts';
import { RefreshJob, TicketRefreshJob } from './token/refresh-job.ts';

/** All queues, in the order of Bull Board. Each has one processor (`processors/processors.ts` of the worker). */
export const queues = defineQueues({
  pushes: PushJob,
  authorizations: AuthorizeJob,
  'release-checks': ReleaseCheckJob,
  rehearsals: RehearsalJob,
  refreshes: RefreshJob,
  'ticket-refreshes': TicketRefreshJob,
  calls: CallJob,
  lanes: LaneJob,
  callbacks: CallbackJob,
  deliveries: DeliveryBatchJob,
  replays: ReplayJob,
  'late-replies': LateReplyJob,
  erasures: ErasureJob,
  profiles: ProfileJob,
  reconciliations: ReconcileJob,
  'follower-syncs': FollowerSyncJob,
  quotas: QuotaReadingJob,
  'quota-alarms': QuotaAlarmJob,
});

/** The payload of each queue's jobs. */
export type Queues = PayloadsOf<typeof queues>;

export type OpenQueues = { readonly [Q in keyof Queues]: OpenQueue<Queues[Q]> };

/** The scope closes them. */
export function openQueues(redis: RedisClient, scope: Scope): OpenQueues {
  const open = <Q extends keyof Queues>(name: Q): [Q, OpenQueue<Queues[Q]>] => {
    const opened = openQueue<Queues[Q]>(queues[name], redis);
    return [name, scope.keep(`queue ${name}`, opened, ({ queue }) => queue.close())];
  };
  return Object.fromEntries(Object.keys(queues).map((name) => open(name as keyof Queues))) as OpenQueues;
}
