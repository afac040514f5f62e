import { alarmOperations } from '../alarm/alarm-routes.ts';
import { authorizationOperations } from '../authorizer/authorization-routes.ts';
import { authorizerOperations } from '../authorizer/authorizer-routes.ts';
import { linkOperations } from '../authorizer/link-routes.ts';
import { optionOperations } from '../authorizer/option-routes.ts';
import { reconciliationOperations } from '../authorizer/reconciliation-routes.ts';
import { callOperations } from '../call/call-routes.ts';
import { laneOperations } from '../call/lane-routes.ts';
import { componentOperations } from '../component/component-routes.ts';
import type { Operations } from '../contract/operation.ts';
import { deliveryOperations } from '../delivery/delivery-routes.ts';
import { pauseOperations } from '../delivery/pause-routes.ts';
import { replayOperations } from '../delivery/replay-routes.ts';
import { testOperations } from '../delivery/test-routes.ts';
import { doctorOperations } from '../doctor/doctor-routes.ts';
import { explainOperations } from '../explain/explain-routes.ts';
import { followerOperations } from '../follower/follower-routes.ts';
import { followerSyncOperations } from '../follower/follower-sync-routes.ts';
import { jsConfigOperations } from '../js-config/js-config-routes.ts';
import { auditOperations } from '../key-admin/audit-routes.ts';
import { keyOperations } from '../key-admin/key-routes.ts';
import { deploymentOperations } from '../operator/deployment-routes.ts';
import { erasureOperations } from '../push/erasure-routes.ts';
import { journalOperations } from '../push/journal-routes.ts';
import { replyOperations } from '../push/reply-routes.ts';
import { quotaOperations } from '../quota/quota-routes.ts';
import { releaseCheckOperations } from '../release-check/release-check-routes.ts';
import { activityOperations } from '../status/activity-routes.ts';
import { statusOperations } from '../status/status-routes.ts';
import { subscriptionOperations } from '../subscription/subscription-routes.ts';

/** Of every route under /v1, in the order of the page; a test holds them against the router. */
export const operations: Operations = {
  ...callOperations,
  ...laneOperations,
  ...jsConfigOperations,
  ...quotaOperations,
  ...statusOperations,
  ...activityOperations,
  ...deploymentOperations,
  ...componentOperations,
  ...doctorOperations,
  ...authorizerOperations,
  ...linkOperations,
  ...authorizationOperations,
  ...reconciliationOperations,
  ...optionOperations,
  ...releaseCheckOperations,
  ...followerOperations,
  ...followerSyncOperations,
  ...journalOperations,
  ...erasureOperations,
  ...subscriptionOperations,
  ...pauseOperations,
  ...testOperations,
  ...deliveryOperations,
  ...replayOperations,
  ...explainOperations,
  ...replyOperations,
  ...keyOperations,
  ...auditOperations,
  ...alarmOperations,
};
