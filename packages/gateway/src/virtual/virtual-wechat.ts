import type { IncomingMessage, ServerResponse } from 'node:http';
import { canonicalPath, cataloguedPath, endpointOf, Failure, JS_TICKET_PATH } from '@wxthirdparty/wechat';
import type { Logger } from 'pino';
import { reauthorizationLinkOf } from '../contract/reauthorization-link.ts';
import { describeError } from '../http/describe-error.ts';
import type { PublicUrl } from '../http/public-url.ts';
import { requestIdOf } from '../http/request-id.ts';
import { since } from '../http/since.ts';
import { answerRefusal } from './answer-refusal.ts';
import { type CallNote, type CallServices, callRoute } from './call-route.ts';
import { authorizerInfoRoute } from './component/authorizer-info-route.ts';
import { authorizerListRoute } from './component/authorizer-list-route.ts';
import { authorizerTokenRoute } from './component/authorizer-token-route.ts';
import { componentTokenRoute } from './component/component-token-route.ts';
import { preAuthCodeRoute } from './component/preauthcode-route.ts';
import { queryAuthRoute } from './component/query-auth-route.ts';
import { jsTicketRoute } from './js-ticket-route.ts';
import { pushTicketRoute } from './push-ticket-route.ts';
import { type Refusal, refusalOf, refusals } from './refusal.ts';
import { tokenRoute } from './token-route.ts';

/** The WeChat that SDKs see under our base URL. It handles requests before Express, of which it needs nothing. */
export function virtualWeChat(services: CallServices, publicUrl: PublicUrl, log: Logger) {
  return (request: IncomingMessage, response: ServerResponse, path: string, search: string): void => {
    const startedAt = performance.now();
    // A page that WeChat sends as media must not run as one of ours.
    response.setHeader('content-security-policy', "sandbox; default-src 'none'");
    const note: CallNote = {};
    const spelled = canonicalPath(path);
    const requestId = requestIdOf(response);
    handle(services, request, response, { path, search, spelled }, note)
      .catch((error: unknown) => {
        if (error instanceof Failure && error.code === 'caller_gone') {
          note.hungUp = true;
          return;
        }
        if (!(error instanceof Failure))
          log.error({ requestId, ...note, error: describeError(error) }, 'virtual WeChat failed');
        const refusal = refusalAt(error, note, request, publicUrl);
        note.errcode = refusal.errcode;
        // An incomplete answer must not be taken for a complete one.
        if (response.headersSent) response.destroy();
        else answerRefusal(response, refusal);
      })
      .finally(() => {
        const { method = '' } = request;
        const ms = performance.now() - startedAt;
        const { statusCode: status } = response;
        services.platform.events.publish('http', { route: routeOf(spelled), method, status, ms, key: note.key });
        // A path that neither WeChat documents nor a key holder requests may contain anything, even a key or a token.
        const isKnown = note.appid !== undefined || cataloguedPath(path) !== undefined;
        const shown = isKnown ? path.slice(0, 256) : undefined;
        log.info({ requestId, method, path: shown, ...note, durationMs: since(startedAt) }, 'virtual WeChat');
      });
  };
}

/** Its own routes are few; all other paths are calls. */
function routeOf(spelled: string): string {
  return Object.hasOwn(ownRoutes, spelled) ? spelled : 'virtual-wechat';
}

/** What the error means depends on how far the request has come, and on whether it is safe to repeat. */
function refusalAt(
  error: unknown,
  note: CallNote,
  { method = '', url = '' }: IncomingMessage,
  publicUrl: PublicUrl,
): Refusal {
  // After a Failure of authorizing or submitting, certainly no call exists; after any other error, one may.
  if (note.call === undefined && error instanceof Failure)
    return refusalOf(error, reauthorizationLinkOf(error, publicUrl));
  const isAuthorized = note.appid !== undefined;
  return isAuthorized && !endpointOf(method, url).safeToRepeat ? refusals.outcomeUnknown : refusals.unavailable;
}

/** Answers a path by itself. Returns the errcode of its answer; undefined if the answer is that of a call. Throws Failure. */
type OwnRoute = (
  services: CallServices,
  request: IncomingMessage,
  response: ServerResponse,
  target: { readonly path: string; readonly search: string },
  note: CallNote,
) => Promise<number | undefined>;

/** By the catalogue's spelling of a path. All other paths are calls. */
const ownRoutes: Readonly<Record<string, OwnRoute>> = {
  '/cgi-bin/token': (services, request, response, { search }) => tokenRoute(services, request, response, false, search),
  '/cgi-bin/stable_token': (services, request, response, { search }) =>
    tokenRoute(services, request, response, true, search),
  '/cgi-bin/component/api_start_push_ticket': pushTicketRoute,
  [JS_TICKET_PATH]: jsTicketRoute,
  '/cgi-bin/component/api_component_token': componentTokenRoute,
  '/cgi-bin/component/api_query_auth': queryAuthRoute,
  '/cgi-bin/component/api_authorizer_token': authorizerTokenRoute,
  '/cgi-bin/component/api_create_preauthcode': preAuthCodeRoute,
  '/cgi-bin/component/api_get_authorizer_info': authorizerInfoRoute,
  '/cgi-bin/component/api_get_authorizer_list': authorizerListRoute,
};

async function handle(
  services: CallServices,
  request: IncomingMessage,
  response: ServerResponse,
  { path, search, spelled }: { readonly path: string; readonly search: string; readonly spelled: string },
  note: CallNote,
): Promise<void> {
  if (!Object.hasOwn(ownRoutes, spelled)) return callRoute(services, request, response, path, search, note);
  const errcode = await ownRoutes[spelled]!(services, request, response, { path, search }, note);
  if (errcode !== undefined) note.errcode = errcode;
}
