import express, { type Express } from 'express';
import helmet from 'helmet';
import type { Logger } from 'pino';
import { BasicLogin } from './admin/basic-login.ts';
import { boardAccess } from './admin/board-access.ts';
import { BOARD_PATH, boardRoute } from './admin/board-route.ts';
import { alarmRoutes } from './alarm/alarm-routes.ts';
import { authorizeRoutes } from './authorize/authorize-routes.ts';
import { ReturnTo } from './authorize/return-to.ts';
import { authorizationRoutes } from './authorizer/authorization-routes.ts';
import { authorizerRoutes } from './authorizer/authorizer-routes.ts';
import { linkRoutes } from './authorizer/link-routes.ts';
import { optionRoutes } from './authorizer/option-routes.ts';
import { reconciliationRoutes } from './authorizer/reconciliation-routes.ts';
import { callRoutes } from './call/call-routes.ts';
import { laneRoutes } from './call/lane-routes.ts';
import { componentRoutes } from './component/component-routes.ts';
import { answerErrors } from './contract/answer-errors.ts';
import { deliveryRoutes } from './delivery/delivery-routes.ts';
import { pauseRoutes } from './delivery/pause-routes.ts';
import { replayRoutes } from './delivery/replay-routes.ts';
import { testRoutes } from './delivery/test-routes.ts';
import { doctorNonceRoutes, doctorRoutes } from './doctor/doctor-routes.ts';
import { explainRoutes } from './explain/explain-routes.ts';
import { followerRoutes } from './follower/follower-routes.ts';
import { followerSyncRoutes } from './follower/follower-sync-routes.ts';
import type { GatewayPlatform } from './gateway-platform.ts';
import type { GatewaySettings } from './gateway-settings.ts';
import { homeRoutes } from './home/home-routes.ts';
import { pagePolicy } from './http/page-policy.ts';
import type { PublicUrl } from './http/public-url.ts';
import type { Shutdown } from './http/shutdown.ts';
import { jsConfigRoutes } from './js-config/js-config-routes.ts';
import type { Authenticator } from './key/authenticator.ts';
import { guard, noSuchRoute } from './key/guard.ts';
import { auditRoutes } from './key-admin/audit-routes.ts';
import { keyRoutes } from './key-admin/key-routes.ts';
import { descriptionRoutes } from './openapi/description-routes.ts';
import { operations } from './openapi/operations.ts';
import { deploymentRoutes } from './operator/deployment-routes.ts';
import { healthRoutes } from './operator/health-routes.ts';
import { erasureRoutes } from './push/erasure-routes.ts';
import { journalRoutes } from './push/journal-routes.ts';
import { replyRoutes } from './push/reply-routes.ts';
import { quotaRoutes } from './quota/quota-routes.ts';
import { releaseCheckRoutes } from './release-check/release-check-routes.ts';
import { requestLog } from './request-log.ts';
import { authenticate } from './session/authenticate.ts';
import { ConsoleSessions } from './session/console-sessions.ts';
import { hideFromSessions } from './session/hide-from-sessions.ts';
import { Owner } from './session/owner.ts';
import { sessionRoutes } from './session/session-routes.ts';
import { activityRoutes } from './status/activity-routes.ts';
import { statusRoutes } from './status/status-routes.ts';
import { subscriptionRoutes } from './subscription/subscription-routes.ts';

/** The Express application, for business programs and operators. */
export function app(
  platform: GatewayPlatform,
  settings: GatewaySettings,
  publicUrl: PublicUrl,
  authenticator: Authenticator,
  shutdown: Shutdown,
  log: Logger,
): Express {
  const application = express();
  application.disable('x-powered-by');
  application.disable('etag');
  if (settings.trustProxy !== undefined) application.set('trust proxy', hopsOr(settings.trustProxy));
  application.use(requestLog(platform.events, log), securityHeaders(settings.publicUrl));
  application.use(homeRoutes(platform), healthRoutes(platform, shutdown), descriptionRoutes());
  application.use(doctorNonceRoutes(platform));
  const returnTo = new ReturnTo(publicUrl, settings.returnToOrigins);
  application.use(authorizeRoutes(platform, { publicUrl, returnTo }, shutdown, log));
  const owner = new Owner(settings.admin);
  const sessions = new ConsoleSessions({ sessions: platform.operatorSessions, authenticator, owner, publicUrl });
  application.use(sessionRoutes(platform, { sessions, owner, authenticator, publicUrl }, log));
  application.use('/v1', authenticate(authenticator, sessions, publicUrl), hideFromSessions(operations));
  application.use(guard(platform));
  application.use(
    statusRoutes(platform),
    activityRoutes(platform),
    deploymentRoutes(platform),
    doctorRoutes(platform, settings.doctor, publicUrl),
    reconciliationRoutes(platform),
    authorizerRoutes(platform, shutdown),
    componentRoutes(platform, publicUrl),
    optionRoutes(platform),
    linkRoutes(platform, publicUrl, returnTo),
    authorizationRoutes(platform, shutdown),
    releaseCheckRoutes(platform, publicUrl),
    callRoutes(platform, publicUrl, shutdown),
    laneRoutes(platform),
    jsConfigRoutes(platform, shutdown),
    quotaRoutes(platform, shutdown),
    explainRoutes(),
    followerRoutes(platform),
    followerSyncRoutes(platform, shutdown),
    journalRoutes(platform),
    erasureRoutes(platform),
    subscriptionRoutes(platform),
    replyRoutes(platform),
    pauseRoutes(platform),
    testRoutes(platform),
    deliveryRoutes(platform),
    replayRoutes(platform),
    keyRoutes(platform),
    auditRoutes(platform),
    alarmRoutes(platform),
  );
  const { write } = settings.admin;
  const basicLogin = new BasicLogin(platform, owner, log);
  application.use(
    BOARD_PATH,
    // Bull Board sets inline styles.
    pagePolicy({ styleSrc: ["'self'", "'unsafe-inline'"], baseUri: ["'self'"], formAction: ["'self'"] }),
    boardAccess({ sessions, basicLogin, publicUrl, audit: platform.audit, write }),
    boardRoute(platform.queues, write),
  );
  application.use(() => {
    throw noSuchRoute();
  });
  application.use(answerErrors(platform, publicUrl, log));
  return application;
}

function securityHeaders(publicUrl: string | undefined) {
  return helmet({
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    // It has no effect over plain HTTP, and not every gateway is behind TLS.
    strictTransportSecurity: publicUrl?.startsWith('https:') ? { includeSubDomains: false } : false,
  });
}

/** `2` means two proxies; Express would read the string as an address. */
function hopsOr(trustProxy: string): string | number | boolean {
  if (/^\d+$/.test(trustProxy)) return Number(trustProxy);
  if (trustProxy === 'true' || trustProxy === 'false') return trustProxy === 'true';
  return trustProxy;
}
