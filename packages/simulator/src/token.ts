import type { Clock } from './clock.ts';
import type { Credentials } from './credential.ts';

export const TOKEN_LIFE_S = 7200;
// A superseded token stays usable for five minutes (protocol §10 rules 17 and 23).
const GRACE_S = 300;

export interface LentToken {
  readonly value: string;
  readonly kind: 'component' | 'authorizer';
  readonly component: string;
  /** The authorizer; null for the component's own token. */
  readonly appid: string | null;
  readonly expiresAt: number;
  /** When its grace after a newer mint ends. */
  supersededAt: number | null;
  /** Set when it died before its time; the errcode to answer from then on. */
  endedAs: number | null;
}

/** Every token ever lent, and whether it still opens a door. */
export class Tokens {
  readonly minted: Record<string, number> = {};
  readonly #all = new Map<string, LentToken>();
  readonly #newest = new Map<string, LentToken>();
  readonly #clock: Clock;
  readonly #credentials: Credentials;

  constructor(clock: Clock, credentials: Credentials) {
    this.#clock = clock;
    this.#credentials = credentials;
  }

  /** Every call mints, and starts the grace of the one before: uncoordinated refreshers end each other's tokens. */
  mint(component: string, appid: string | null): string {
    const owner = ownerOf(component, appid);
    const now = this.#clock.now();
    const previous = this.#newest.get(owner);
    if (previous !== undefined) previous.supersededAt = now + this.#clock.lasting(GRACE_S);
    const token: LentToken = {
      value: appid === null ? this.#credentials.componentToken() : this.#credentials.authorizerToken(),
      kind: appid === null ? 'component' : 'authorizer',
      component,
      appid,
      expiresAt: now + this.#clock.lasting(TOKEN_LIFE_S),
      supersededAt: null,
      endedAs: null,
    };
    this.#all.set(token.value, token);
    this.#newest.set(owner, token);
    this.minted[owner] = (this.minted[owner] ?? 0) + 1;
    return token.value;
  }

  /** Living or dead; undefined when we never lent it. */
  find(value: string): LentToken | undefined {
    return this.#all.get(value);
  }

  /** 0 while the token works, otherwise the errcode of whatever ended it first (protocol §10 rule 18). */
  judge(token: LentToken): number {
    if (token.endedAs !== null) return token.endedAs;
    const now = this.#clock.now();
    const superseded = token.supersededAt !== null && now >= token.supersededAt;
    const expired = now >= token.expiresAt;
    if (superseded && (!expired || token.supersededAt! < token.expiresAt)) return 40001;
    return expired ? 42001 : 0;
  }

  /** Ends every live token of the owner now, without grace. */
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
    for (const owner of Object.keys(this.minted)) delete this.minted[owner];
  }
}

function ownerOf(component: string, appid: string | null): string {
  return appid === null ? `component:${component}` : `authorizer:${component}/${appid}`;
}
