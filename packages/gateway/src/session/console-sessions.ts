import type { IncomingMessage } from 'node:http';
import { allRights } from '@wxthirdparty/platform';
import { Failure } from '@wxthirdparty/wechat';
import type { Response } from 'express';
import type { GatewayPlatform } from '../gateway-platform.ts';
import type { PublicUrl } from '../http/public-url.ts';
import { demandSameOrigin } from '../http/same-origin.ts';
import type { Authenticator } from '../key/authenticator.ts';
import type { Caller } from '../key/caller.ts';
import type { Owner } from './owner.ts';
import { SessionCookie } from './session-cookie.ts';

/** No page of another origin can send it without asking us first, which we do not answer. */
const CONSOLE_HEADER = 'x-wx-console';
/** What the audit can store. */
const MAX_ACTOR_LENGTH = 64;

export interface ConsoleSession {
  readonly kind: 'owner' | 'key';
  readonly caller: Caller;
  readonly expiresAt: Date;
}

interface Parts {
  readonly sessions: GatewayPlatform['operatorSessions'];
  readonly authenticator: Authenticator;
  readonly owner: Owner;
  readonly publicUrl: PublicUrl;
}

/** The sessions of the console as requests carry them. */
export class ConsoleSessions {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  isPresented(request: IncomingMessage): boolean {
    return this.#cookie.read(request) !== undefined;
  }

  /**
   * The session of a request, while it is valid; this is a use of it. Throws Failure `rate_limited`, and if Redis does not
   * answer `redis_unreachable`.
   */
  async find(request: IncomingMessage): Promise<ConsoleSession | undefined> {
    const secret = this.#cookie.read(request);
    return secret === undefined ? undefined : this.#bySecret(secret);
  }

  /** A new session, with a secret of its own; the one that the browser had ends. */
  async start(request: IncomingMessage, response: Response, signedIn: Caller | 'owner'): Promise<ConsoleSession> {
    const { sessions, owner } = this.#parts;
    await this.#endPresented(request);
    const { secret, expiresAt } = await sessions.start(
      signedIn === 'owner'
        ? { kind: 'owner', name: owner.name, password: owner.password ?? '' }
        : { kind: 'key', fingerprint: signedIn.fingerprint },
    );
    this.#cookie.give(response, secret, expiresAt);
    return signedIn === 'owner'
      ? { kind: 'owner', caller: this.#ownerCaller(secret), expiresAt }
      : { kind: 'key', caller: this.#keyCaller(signedIn, secret), expiresAt };
  }

  async end(request: IncomingMessage, response: Response): Promise<void> {
    await this.#endPresented(request);
    this.#cookie.remove(response);
  }

  async #endPresented(request: IncomingMessage): Promise<void> {
    const secret = this.#cookie.read(request);
    if (secret !== undefined) await this.#parts.sessions.end(secret);
  }

  async #bySecret(secret: string): Promise<ConsoleSession | undefined> {
    const { sessions, authenticator, owner } = this.#parts;
    const session = await sessions.find(secret, { extends: true });
    if (session === undefined) return undefined;
    const { actor, expiresAt } = session;
    switch (actor.kind) {
      case 'owner': {
        const isOwner = owner.password !== undefined && actor.signedInWith(owner.name, owner.password);
        return isOwner ? { kind: 'owner', caller: this.#ownerCaller(secret), expiresAt } : undefined;
      }
      case 'key': {
        const key = await authenticator.byFingerprint(actor.fingerprint);
        return key && { kind: 'key', caller: this.#keyCaller(key, secret), expiresAt };
      }
      default:
        return actor satisfies never;
    }
  }

  #ownerCaller(secret: string): Caller {
    const { owner } = this.#parts;
    return {
      id: 'owner',
      name: owner.name,
      operator: 'owner',
      fingerprint: 'owner',
      rights: allRights,
      admit: () => Promise.resolve(),
      isValid: () => this.#isLive(secret),
    };
  }

  #keyCaller(key: Caller, secret: string): Caller {
    return {
      ...key,
      operator: actorOfKey(key),
      isValid: async () => (await key.isValid()) && (await this.#isLive(secret)),
    };
  }

  /** For long answers, which are no use of the session. */
  async #isLive(secret: string): Promise<boolean> {
    return (await this.#parts.sessions.find(secret, { extends: false })) !== undefined;
  }

  get #cookie(): SessionCookie {
    return new SessionCookie(this.#parts.publicUrl());
  }
}

/** How the audit names the session of a key. */
export function actorOfKey({ name }: Caller): string {
  return Array.from(`key:${name}`).slice(0, MAX_ACTOR_LENGTH).join('');
}

/** Throws Failure `forbidden` for a request that a page of another origin may have caused. */
export function demandConsole(request: IncomingMessage, publicUrl: string): void {
  demandSameOrigin(request, publicUrl);
  if (request.headers[CONSOLE_HEADER] === '1') return;
  throw new Failure('forbidden', 'fix-request', 'A request with a session needs the header X-Wx-Console: 1.');
}
