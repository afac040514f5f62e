export { type AncestorReport, importAncestor } from './ancestor/import-ancestor.ts';
export { type AuthorizationPayload, AuthorizeJob } from './authorizer/authorize-job.ts';
export type { Authorizer, AuthorizerState } from './authorizer/authorizer.ts';
export type { Call, CallFailure, CallRequest, CallResponse, CallState, QuotaView } from './call/call.ts';
export { parseCallId } from './call/call-id.ts';
export { CallJob } from './call/call-job.ts';
export type { ComponentSettings } from './component/components.ts';
export { NotReadyFailure, type NotReadyReason } from './component/readiness.ts';
export type { ComponentStatus } from './component/status.ts';
export { backupDatabase } from './database/backup.ts';
export { migrate } from './database/migrate.ts';
export { type ApiKey, type KeyWish, keyBounds } from './key/api-key.ts';
export type { Actor, AuditEntry } from './key/audit.ts';
export {
  allRights,
  demandAccount,
  demandNoRestriction,
  demandPath,
  demandScope,
  ForbiddenFailure,
  type KeyRights,
  type KeyScope,
  keyScopes,
  type MissingRight,
} from './key/key-rights.ts';
export { withKeyStore } from './key/with-key-store.ts';
export {
  type AwaitedToken,
  openPlatform,
  type Platform,
  type PlatformSettings,
  type PlatformStatus,
} from './platform.ts';
export { PushJob, type PushPayload } from './push/push-job.ts';
export type { JobContract } from './queue/job.ts';
export { QuotaClosedFailure } from './quota/ledger.ts';
export { queuePrefix } from './redis/keys.ts';
export { type ResealReport, reseal } from './reseal.ts';
export { Scope } from './scope.ts';
export { RefreshJob } from './token/refresh-job.ts';
export type { TokenOwner } from './token/token.ts';
export type { RefreshListener } from './token/tokens.ts';
