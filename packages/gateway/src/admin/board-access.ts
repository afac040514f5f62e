import type { NextFunction, Request, Response } from 'express';
import type { GatewayPlatform } from '../gateway-platform.ts';
import type { PublicUrl } from '../http/public-url.ts';
import { demandSameOrigin } from '../http/same-origin.ts';
import { actorNamed } from '../key/actor-of.ts';
import type { ConsoleSessions } from '../session/console-sessions.ts';
import type { BasicLogin } from './basic-login.ts';
import { BOARD_PATH } from './board-route.ts';

interface Parts {
  readonly sessions: ConsoleSessions;
  readonly basicLogin: BasicLogin;
  readonly publicUrl: PublicUrl;
  readonly audit: GatewayPlatform['audit'];
  /** Whether it changes anything at all. */
  readonly write: boolean;
}

/**
 * Passes requests of the owner to Bull Board: by the session of the console, or by HTTP Basic, which scripts send unasked.
 * Browsers are not asked for it, since they would remember the password and could not sign out.
 */
export function boardAccess({ sessions, basicLogin, publicUrl, audit, write }: Parts) {
  /** Undefined: no operator that we know. */
  async function operatorOf(request: Request, response: Response): Promise<'owner' | 'key' | undefined> {
    if (!basicLogin.isPresented(request)) return (await sessions.find(request))?.kind;
    return (await basicLogin.isRight(request, response)) ? 'owner' : undefined;
  }

  return async (request: Request, response: Response, next: NextFunction): Promise<void> => {
    demandSameOrigin(request, publicUrl());
    const operator = await operatorOf(request, response);
    if (operator === 'key') {
      answer(response, 403, 'These pages are for the owner: sign in with ADMIN_USER and ADMIN_PASSWORD.');
    } else if (operator === undefined) {
      if (basicLogin.isOpen) challenge(request, response);
      else answer(response, 403, 'These pages are closed: set ADMIN_PASSWORD to open them.');
    } else {
      if (write && request.method !== 'GET' && request.method !== 'HEAD') {
        const action = `${request.method} ${BOARD_PATH}`;
        await audit.note(actorNamed('owner', request, response), action, changedBy(request));
      }
      next();
    }
  };
}

function challenge(request: Request, response: Response): void {
  const mode = request.headers['sec-fetch-mode'];
  if (mode === 'navigate') {
    response.redirect(303, `/admin/sign-in?to=${BOARD_PATH}/`);
    return;
  }
  // Browsers name the mode of each request, if the page is one that they trust.
  if (mode === undefined) response.set('www-authenticate', 'Basic realm="wxthirdparty", charset="UTF-8"');
  answer(response, 401, 'Sign in at /admin, or log in with ADMIN_USER and ADMIN_PASSWORD.');
}

/** Queue, job and what is done with it, if they can only be names. */
function changedBy({ path }: Request): string | null {
  const changed = path.replace('/api/queues/', '');
  return /^[\w.:/-]{1,64}$/.test(changed) ? changed : null;
}

function answer(response: Response, status: number, sentence: string): void {
  response.status(status).set('cache-control', 'no-store').type('text/plain').send(`${sentence}\n`);
}
