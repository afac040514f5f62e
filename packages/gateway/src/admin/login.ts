import { setTimeout as pause } from 'node:timers/promises';
import { Failure } from '@wxthirdparty/wechat';
import type { NextFunction, Request, Response } from 'express';
import type { Logger } from 'pino';
import type { GatewaySettings } from '../gateway-settings.ts';
import { AttemptLimiter } from '../http/attempt-limiter.ts';
import { sameSecret } from '../http/same-secret.ts';

const WRONG_PASSWORDS = { failures: 10, windowMs: 10 * 60_000 };
/** How long the answer to a further wrong password is delayed, and how many answers may be delayed at the same time. */
const DELAY_MS = 1_000;
const MAX_DELAYED = 20;

/**
 * HTTP Basic before everything under `/admin`. The right password is never refused or delayed, however many wrong ones come
 * from its address, which may be a proxy's. Wrong ones are answered slowly after a while, and few of them at a time.
 */
export function login(admin: GatewaySettings['admin'], log: Logger) {
  const wrong = new AttemptLimiter(WRONG_PASSWORDS);
  let delayed = 0;
  return async (request: Request, response: Response, next: NextFunction): Promise<void> => {
    if (admin.password === undefined || admin.password === '') {
      answer(response, 403, 'These pages are closed: set ADMIN_PASSWORD to open them.');
      return;
    }
    const presented = credentialsOf(request);
    if (presented !== undefined) {
      // Both are always compared, so that the response time does not reveal which was wrong.
      const rightUser = sameSecret(presented.user, admin.user);
      const rightPassword = sameSecret(presented.password, admin.password);
      if (rightUser && rightPassword) {
        next();
        return;
      }
      const address = request.ip ?? '';
      if (wrong.blockedMs(address) === 0) {
        wrong.failed(address);
        log.warn({ from: address }, 'wrong password for /admin');
      } else if (delayed >= MAX_DELAYED) {
        response.set('retry-after', String(DELAY_MS / 1000));
        answer(response, 429, 'Too many wrong passwords came from this address.');
        return;
      } else {
        delayed++;
        await pause(DELAY_MS).finally(() => delayed--);
      }
    }
    response.set('www-authenticate', 'Basic realm="wxthirdparty", charset="UTF-8"');
    answer(response, 401, 'Log in with ADMIN_USER and ADMIN_PASSWORD.');
  };
}

function credentialsOf(request: Request): { user: string; password: string } | undefined {
  const match = /^Basic ([A-Za-z0-9+/]+={0,2})$/i.exec(request.headers.authorization ?? '');
  if (match === null) return undefined;
  const pair = Buffer.from(match[1]!, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  return colon === -1 ? undefined : { user: pair.slice(0, colon), password: pair.slice(colon + 1) };
}

function answer(response: Response, status: number, sentence: string): void {
  response.status(status).type('text/plain').send(`${sentence}\n`);
}

/**
 * Browsers send the login with requests of foreign pages, too, and name the page's origin. Other programs name none, and send
 * only a login that they know. Throws Failure `forbidden`.
 */
export function sameOrigin(publicUrl: string | undefined) {
  const publicOrigin = publicUrl === undefined ? undefined : new URL(publicUrl).origin;
  return (request: Request, _response: Response, next: NextFunction): void => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      const { origin, host } = request.headers;
      const site = request.headers['sec-fetch-site'];
      const foreign =
        (site !== undefined && site !== 'same-origin') ||
        (origin !== undefined && origin !== publicOrigin && hostOf(origin) !== host);
      if (foreign) throw new Failure('forbidden', 'fix-request', 'A page of another origin may not write.');
    }
    next();
  };
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
