import { Failure } from '@wxthirdparty/wechat';
import { type Request, type Response, Router } from 'express';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { networkOf } from '../http/network-of.ts';
import type { PublicUrl } from '../http/public-url.ts';
import type { BodyBounds } from '../http/read-body.ts';
import { readJson } from '../http/read-json.ts';
import { actorNamed } from '../key/actor-of.ts';
import type { Authenticator } from '../key/authenticator.ts';
import type { Caller } from '../key/caller.ts';
import { sessionEnded } from './authenticate.ts';
import { actorOfKey, type ConsoleSession, type ConsoleSessions, demandConsole } from './console-sessions.ts';
import type { Owner } from './owner.ts';

const SESSION_PATH = '/admin/api/session';

/** The body of `POST /admin/api/session`. */
const SignInBody = z.union([
  z.strictObject({ name: z.string().max(200), password: z.string().max(1_000) }),
  z.strictObject({ key: z.string().max(500) }),
]);
type SignIn = z.output<typeof SignInBody>;

const BOUNDS: BodyBounds = { limit: 8 * 1024, timeoutMs: 10_000, sender: 'stranger' };

interface Parts {
  readonly sessions: ConsoleSessions;
  readonly owner: Owner;
  readonly authenticator: Authenticator;
  readonly publicUrl: PublicUrl;
}

/** Signs operators in and out. */
export function sessionRoutes(platform: GatewayPlatform, parts: Parts, log: Logger): Router {
  const { sessions, owner, authenticator, publicUrl } = parts;
  const routes = Router();

  routes.use('/admin/api', (request, response, next) => {
    response.set('cache-control', 'no-store');
    demandConsole(request, publicUrl());
    next();
  });

  routes.post(SESSION_PATH, async (request, response) => {
    const input = await readJson(request, SignInBody, BOUNDS);
    const attempt = { address: networkOf(request.ip ?? ''), name: 'name' in input ? input.name : undefined };
    await platform.signInAttempts.take(attempt);
    const signedIn = await identify(input, request).catch(async (error: unknown) => {
      // It was not judged: the key exceeds its rate, or the database does not answer.
      await platform.signInAttempts.giveBack(attempt);
      throw error;
    });
    if (signedIn === undefined) return await refuse(input, request, response);
    const actor = signedIn === 'owner' ? 'owner' : actorOfKey(signedIn);
    const key = signedIn === 'owner' ? null : signedIn.id;
    await platform.audit.note(actorNamed(actor, request, response), 'signed in', key);
    const session = await sessions.start(request, response, signedIn);
    await platform.signInAttempts.giveBack(attempt);
    log.info({ actor }, 'an operator signed in');
    response.json(answerOf(session));
  });

  routes.get(SESSION_PATH, async (request, response) => {
    const session = await sessions.find(request);
    if (session === undefined) throw sessionEnded();
    response.json(answerOf(session));
  });

  routes.delete(SESSION_PATH, async (request, response) => {
    await sessions.end(request, response);
    response.status(204).end();
  });

  return routes;

  async function identify(input: SignIn, request: Request): Promise<'owner' | Caller | undefined> {
    if ('key' in input) return authenticator.byKey(input.key, request.ip ?? '');
    return owner.is(input.name, input.password) ? 'owner' : undefined;
  }

  async function refuse(input: SignIn, request: Request, response: Response): Promise<never> {
    await noteRefusedSignIn(platform, request, response, 'name' in input && owner.isNamed(input.name));
    log.warn({ from: request.ip }, 'a sign-in was refused');
    throw new Failure('unauthorized', 'fix-request', 'Name and password, or the key, are wrong.');
  }
}

/** The name that was given is not noted: it may be a password in the wrong field. */
export function noteRefusedSignIn(
  platform: Pick<GatewayPlatform, 'audit'>,
  request: Request,
  response: Response,
  asOwner: boolean,
): Promise<void> {
  return platform.audit.note(actorNamed('unknown', request, response), 'sign-in refused', asOwner ? 'owner' : null);
}

function answerOf({ kind, caller, expiresAt }: ConsoleSession) {
  const { scopes, accounts } = caller.rights;
  return { actor: { kind, name: caller.name }, scopes, accounts, write: scopes.includes('admin'), expiresAt };
}
