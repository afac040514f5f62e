import { demandAccount, demandScope, demandUnrestricted, parseCallId } from '@wxthirdparty/platform';
import { Failure } from '@wxthirdparty/wechat';
import { type NextFunction, type Request, type Response, Router } from 'express';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { actorOf } from './actor-of.ts';
import { callerOf } from './caller.ts';
import { type RouteRight, routeRights, unlisted } from './route-rights.ts';

/**
 * Passes a request to its route only if its key has the rights for the route and the account. Express' own router matches the
 * table, because two interpretations of one path would be a security hole. Throws ForbiddenFailure.
 */
export function guard(platform: GatewayPlatform): Router {
  const table = Router();
  for (const right of routeRights) {
    table[right.method](right.path, async (request, response, next) => {
      await check(platform, right, request, response);
      next('router');
    });
  }
  table.use('/v1', async (request: Request, response: Response, next: NextFunction) => {
    const methods = methodsAt(request.baseUrl + request.path);
    if (methods.length > 0) {
      response.setHeader('allow', methods.join(', '));
      const message = `This path does not accept ${request.method}, only ${methods.join(', ')}.`;
      throw new Failure('method_not_allowed', 'fix-request', message);
    }
    // A route that is missing in the table is for operators only.
    if (!callerOf(response).rights.scopes.includes('admin')) throw noSuchRoute();
    await check(platform, unlisted, request, response);
    next();
  });
  return table;
}

export function noSuchRoute(): Failure {
  return new Failure('not_found', 'fix-request', 'Unknown route. See /docs for the API reference.');
}

/** For the message only: no request is permitted by it. */
function methodsAt(asked: string): string[] {
  return routeRights.filter(({ path }) => shapeOf(path).test(asked)).map(({ method }) => method.toUpperCase());
}

function shapeOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/]+')}/?$`, 'i');
}

async function check(
  platform: GatewayPlatform,
  {
    scope,
    accounts,
    paths,
    path,
    auditsItself,
    isPolled,
  }: Pick<RouteRight, 'scope' | 'accounts'> & Partial<RouteRight>,
  request: Request,
  response: Response,
): Promise<void> {
  const { rights, operator } = callerOf(response);
  const isReading = request.method === 'GET' || request.method === 'HEAD';
  if (scope !== 'any') demandScope(rights, scope);
  // The owner has every scope; of a key's session only an administrator's writes.
  if (operator !== undefined && !isReading) demandScope(rights, 'admin');
  if (accounts === 'all') demandUnrestricted(rights, 'accounts');
  if (paths === 'all') demandUnrestricted(rights, 'paths');
  if (accounts === 'named') demandAccount(rights, String(request.params.appid));
  if (accounts === 'call') {
    const call = parseCallId(String(request.params.id));
    // A text that is not an id finds no call either.
    if (call !== undefined) demandAccount(rights, call.appid);
  }
  // A page reads all the time, also while the database is unreachable; what an operator changes there is always noted.
  const isAudited = operator === undefined ? scope === 'admin' : !isReading;
  if (isAudited && !auditsItself && !isPolled) {
    // Not the path itself, which may contain anything.
    const action = `${request.method} ${path ?? 'an unlisted route'}`;
    await platform.audit.note(actorOf(request, response), action, operator === undefined ? null : targetOf(request));
  }
}

/** The account or record that the route is about, if its name can only be an id. */
function targetOf({ params }: Request): string | null {
  const target = String(params.appid ?? params.id ?? '');
  return /^[\w.:-]{1,64}$/.test(target) ? target : null;
}
