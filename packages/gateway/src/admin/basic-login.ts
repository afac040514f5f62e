import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { BoundedCache } from '@wxthirdparty/platform';
import type { Request, Response } from 'express';
import type { Logger } from 'pino';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { networkOf } from '../http/network-of.ts';
import type { Owner } from '../session/owner.ts';
import { noteRefusedSignIn } from '../session/session-routes.ts';

const MAX_REMEMBERED = 1_000;
/** As long as failed sign-ins are counted. */
const REMEMBERED_MS = 10 * 60_000;

/** HTTP Basic with the owner's name and password, of a script that sends it with each request. */
export class BasicLogin {
  readonly #platform: Pick<GatewayPlatform, 'audit' | 'signInAttempts'>;
  readonly #owner: Owner;
  readonly #log: Logger;
  /** Since when a right login is known, by a hash of its address and itself: these are not counted as attempts. */
  readonly #right = new BoundedCache<string, number>(MAX_REMEMBERED);

  constructor(platform: Pick<GatewayPlatform, 'audit' | 'signInAttempts'>, owner: Owner, log: Logger) {
    this.#platform = platform;
    this.#owner = owner;
    this.#log = log;
  }

  /** Whether any login can be right. */
  get isOpen(): boolean {
    return this.#owner.password !== undefined;
  }

  isPresented(request: IncomingMessage): boolean {
    return this.isOpen && loginOf(request) !== undefined;
  }

  /** Throws Failure `too_many_guesses`. */
  async isRight(request: Request, response: Response): Promise<boolean> {
    const login = loginOf(request);
    if (login === undefined) return false;
    const address = networkOf(request.ip ?? '');
    const known = createHash('sha256')
      .update(JSON.stringify([address, login]))
      .digest('base64');
    if (performance.now() - (this.#right.get(known) ?? -Infinity) < REMEMBERED_MS) return true;
    const attempt = { address, name: login.name };
    await this.#platform.signInAttempts.take(attempt);
    if (this.#owner.is(login.name, login.password)) {
      await this.#platform.signInAttempts.giveBack(attempt);
      this.#right.set(known, performance.now());
      return true;
    }
    await noteRefusedSignIn(this.#platform, request, response, this.#owner.isNamed(login.name));
    this.#log.warn({ from: request.ip }, 'a sign-in was refused');
    return false;
  }
}

function loginOf({ headers }: IncomingMessage): { readonly name: string; readonly password: string } | undefined {
  const match = /^Basic ([A-Za-z0-9+/]+={0,2})$/i.exec(headers.authorization ?? '');
  if (match === null) return undefined;
  const pair = Buffer.from(match[1]!, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  return colon === -1 ? undefined : { name: pair.slice(0, colon), password: pair.slice(colon + 1) };
}
