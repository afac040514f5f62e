export type { Alarm, AlarmNotice, AlarmProcess, AlarmReport, AlarmSeverity, AlarmText } from './alarm/alarm.ts';
export { alarmAnswer } from './alarm/alarm-answer.ts';
export type { Alarms, ChannelView } from './alarm/alarms.ts';
export { type AlarmChannel, channelKinds } from './alarm/channel.ts';
export { type ChannelResult, ChannelSender } from './alarm/channel-sender.ts';
export { deploymentName } from './alarm/deployment-name.ts';
export { readAlarmWebhooks } from './alarm/read-alarm-webhooks.ts';
export { testNotice } from './alarm/test-notice.ts';
export type { AccountName } from './authorizer/account-name.ts';
export type { Authorizer, AuthorizerState, GrantEvent } from './authorizer/authorizer.ts';
export type { AuthorizerTotals } from './authorizer/authorizer-totals.ts';
export type { ProfilePayload } from './authorizer/profile-job.ts';
export { ReauthorizeFailure } from './authorizer/reauthorize-failure.ts';
export { beijingDay } from './beijing-time.ts';
export { BoundedCache } from './bounded-cache.ts';
export type {
  Call,
  CallFailure,
  CallRequest,
  CallResponse,
  CallState,
  CallSummary,
  QuotaView,
} from './call/call.ts';
export { acceptedAnswer, callAnswer, callDetailAnswer, callSummaryAnswer } from './call/call-answer.ts';
export { parseCallId } from './call/call-id.ts';
export type { CallPayload } from './call/call-job.ts';
export type { CallFilter, CallPage } from './call/call-list.ts';
export type { CallDetail } from './call/calls.ts';
export type { FailedCallFilter } from './call/failed-calls.ts';
export type { LaneOwner } from './call/lane/lane-owner.ts';
export type { LaneView } from './call/lane/lane-view.ts';
export { type CallSteps, runCall } from './call/run-call.ts';
export { certificateEnd } from './certificate-end.ts';
export type { ActivityCount, ActivityCounts } from './component/activity-counts.ts';
export type { ActivityHistory, ActivityPeriod } from './component/activity-history.ts';
export type { Activity, MinuteCounts, PushActivity, PushRefusal } from './component/activity-store.ts';
export type { ComponentSettings } from './component/components.ts';
export type { PushRefusalReason } from './component/push-arrivals.ts';
export { NotReadyFailure, type NotReadyReason } from './component/readiness.ts';
export type { ComponentStatus } from './component/status.ts';
export type { AuthorizationLink, ConsentOptions, LinkState } from './consent/authorization-link.ts';
export type { AuthorizationPayload } from './consent/authorize-job.ts';
export type { AuthorizationOutcome } from './consent/code-intake.ts';
export type { Return as ConsentReturn, Visit as ConsentVisit } from './consent/consents.ts';
export { backupDatabase } from './database/backup.ts';
export { type DumpCommand, dumpCommand } from './database/dump-command.ts';
export { migrate } from './database/migrate.ts';
export { isConflict, isDatabaseOutage } from './database/sql-error.ts';
export { withDeadline } from './deadline.ts';
export type { DeliveryView } from './delivery/deliveries.ts';
export type { Delivery, FailedAttempt } from './delivery/delivery.ts';
export { canCarry } from './delivery/format/format-types.ts';
export type { Replay } from './delivery/replay.ts';
export { type AdoptionReport, adoptRedis } from './deployment/adopt-redis.ts';
export type { LiveProcess, ProcessRole } from './deployment/live-processes.ts';
export type { LostProcess, ProcessView } from './deployment/process-list.ts';
export { type CheckName, checkNames } from './doctor/check-name.ts';
export { checkTitles, runChecks } from './doctor/check-titles.ts';
export type { DoctorSettings } from './doctor/doctor-settings.ts';
export { type Fault, type Finding, failing, text, warning } from './doctor/finding.ts';
export { type ArrivedAs, FORGED_ADDRESS } from './doctor/nonces.ts';
export { type CheckResult, checkStatuses } from './doctor/run-doctor.ts';
export { type ErrorReport, type EventName, type EventPayloads, Events, errorReport } from './events.ts';
export type { Follower, FollowerFilter } from './follower/follower.ts';
export { type FollowerSync, isOver } from './follower/follower-sync.ts';
export type { SyncSchedule } from './follower/sync-schedules.ts';
export type { GatewayFace, PlatformStatus } from './gateway-face.ts';
export { type Health, readinessOf } from './health.ts';
export { type Import2015Report, import2015 } from './import/wxthirdparty-2015/import-2015.ts';
export type { SealedPush } from './journal/journaled-push.ts';
export { type PushTypeDescription, pushTypes, replyNames } from './journal/push-types.ts';
export { type ApiKey, type KeyInput, keyBounds } from './key/api-key.ts';
export type { Actor, AuditEntry } from './key/audit.ts';
export {
  allRights,
  demandAccount,
  demandPath,
  demandScope,
  demandUnrestricted,
  ForbiddenFailure,
  type KeyRights,
  type KeyScope,
  keyScopes,
  type MissingRight,
  mayCall,
} from './key/key-rights.ts';
export { withKeyStore } from './key/with-key-store.ts';
export { type DiscardedCalls, discardCalls } from './maintenance/discard-calls.ts';
export { type ResealReport, reseal } from './maintenance/rotate-secrets.ts';
export { type DoctorSurroundings, examine, type RunningDoctorInput } from './open-doctor.ts';
export type { PlatformSettings } from './open-foundation.ts';
export { type Queues, queues } from './open-queues.ts';
export type { OperatorSession, SessionActor } from './operator/operator-sessions.ts';
export type { SignInAttempt } from './operator/sign-in-attempts.ts';
export type { AccountActivity } from './overview/account-activity.ts';
export type { ComponentView } from './overview/component-views.ts';
export { openPlatform, type Platform } from './platform.ts';
export type { AcceptedPush } from './push/accept.ts';
export type { ErasurePayload } from './push/erasure-job.ts';
export type { ErasureRequest } from './push/erasures.ts';
export type { PushView } from './push/journal-reader.ts';
export type { PushPayload } from './push/push-job.ts';
export { ReplyNotPossibleFailure } from './push/reply/reply-requests.ts';
export { isKnownJob, type JobContract, type JobDisposition } from './queue/job.ts';
export type { QuotaPair } from './quota/ledger.ts';
export { QuotaClosedFailure } from './quota/quota-closed-failure.ts';
export type { QuotaEvent } from './quota/quota-events.ts';
export type { Quota } from './quota/quotas.ts';
export type { ReconcilePayload } from './reconciliation/reconcile-job.ts';
export type { Reconciliation } from './reconciliation/reconciliation-store.ts';
export { redisAddressFault } from './redis/address.ts';
export type { RedisClient, RedisSettings } from './redis/connect.ts';
export { translateError as translateRedisError } from './redis/fail-fast.ts';
export { DEFAULT_REDIS_PREFIX, isRedisPrefix } from './redis/keys.ts';
export type { RedisServers } from './redis/read-servers.ts';
export { releaseCheckAnswer } from './release-check/check-answer.ts';
export type { ConsoleSetting } from './release-check/console-settings.ts';
export type { RehearsalPayload } from './release-check/rehearsal-job.ts';
export { checkCodes, checkStepNames, type ReleaseCheck } from './release-check/release-check.ts';
export type { ReleaseCheckPayload } from './release-check/release-check-job.ts';
export { readReply } from './reply/read-reply.ts';
export { Scope } from './scope.ts';
export type { SharedState } from './shared-state.ts';
export { canReceiveFrom, type ReceivingAccount } from './subscription/filter.ts';
export {
  type Subscription,
  type SubscriptionFilter,
  type SubscriptionSecrets,
  subscriptionFormats,
} from './subscription/subscription.ts';
export type { TokenOwner } from './token/token.ts';
export type { UserTokenOwner } from './user-token/user-tokens.ts';
export { AddressNotAllowedFailure } from './webhook/address-failures.ts';
export { isNetwork } from './webhook/address-rules.ts';
export { formatSecret, signatureHeaders } from './webhook/standard-webhooks.ts';
export { callbackSecret } from './webhook/webhook-signer.ts';
export type { AwaitedToken, Work } from './worker-face.ts';
