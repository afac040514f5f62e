import type { Clock } from './clock.ts';
import type { Credentials } from './credential.ts';

export const TOKEN_TTL_S = 7200;
// A superseded token stays valid for five minutes (protocol §10 rules 17 and 23).
const GRACE_S = 300;

export interface IssuedToken {
  readonly value: string;
  readonly kind: 'component' | 'authorizer';
  readonly component: string;
  /** The authorizer; null for the component's own token. */
  readonly appid: string | null;
  readonly expiresAt: number;
  /** When its grace period after a newer token ends. */
  supersededAt: number | null;
  /** Set if it ended early: the errcode from then on. */
  endedAs: number | null;
}

/** Every issued token, and whether it is still valid. */
export class Tokens {
  readonly issuedCounts: Record<string, number> = {};
  readonly #all = new Map<string, IssuedToken>();
  readonly #newest = new Map<string, IssuedToken>();
  readonly #clock: Clock;
  readonly #credentials: Credentials;

  constructor(clock: Clock, credentials: Credentials) {
    this.#clock = clock;
    this.#credentials = credentials;
  }

  /** Every call issues a token and starts the grace period of the previous one: uncoordinated refreshes end each other's tokens. */
  issue(component: string, appid: string | null): string {
    const owner = ownerOf(component, appid);
    const now = this.#clock.now();
    const previous = this.#newest.get(owner);
    if (previous !== undefined) previous.supersededAt = now + this.#clock.lasting(GRACE_S);
    const token: IssuedToken = {
      value: appid === null ? this.#credentials.componentToken() : this.#credentials.authorizerToken(),
      kind: appid === null ? 'component' : 'authorizer',
      component,
      appid,
      expiresAt: now + this.#clock.lasting(TOKEN_TTL_S),
      supersededAt: null,
      endedAs: null,
    };
    this.#all.set(token.value, token);
    this.#newest.set(owner, token);
    this.issuedCounts[owner] = (this.issuedCounts[owner] ?? 0) + 1;
    return token.value;
  }

  /** Valid or not; undefined if it was never issued. */
  find(value: string): IssuedToken | undefined {
    return this.#all.get(value);
  }

  /** 0 while the token is valid, otherwise the errcode of the first reason that ended it (protocol §10 rule 18). */
  judge(token: IssuedToken): number {
    if (token.endedAs !== null) return token.endedAs;
    const now = this.#clock.now();
    const superseded = token.supersededAt !== null && now >= token.supersededAt;
    const expired = now >= token.expiresAt;
    if (superseded && (!expired || token.supersededAt! < token.expiresAt)) return 40001;
    return expired ? 42001 : 0;
  }

  /** Ends every valid token of the owner now, without a grace period. */
  end(component: string, appid: string | null, as: number): number {
    let ended = 0;
    for (const token of this.#all.values()) {
      if (token.component !== component || token.appid !== appid || this.judge(token) !== 0) continue;
      token.endedAs = as;
      ended += 1;
    }
    return ended;
  }

  resetCounts(): void {
    for (const owner of Object.keys(this.issuedCounts)) delete this.issuedCounts[owner];
  }
}

function ownerOf(component: string, appid: string | null): string {
  return appid === null ? `component:${component}` : `authorizer:${component}/${appid}`;
}
