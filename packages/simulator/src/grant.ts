import type { AccountKind } from './account.ts';
import type { Clock } from './clock.ts';
import type { Credentials } from './credential.ts';

export const AUTH_CODE_TTL_S = 3600;
export const PRE_AUTH_CODE_TTL_S = 1800;

/** What an account grants if its admin deselects nothing (ids: protocol §11). */
export const ALL_SETS: Record<AccountKind, number[]> = {
  'official-account': [1, 2, 3, 4, 6, 7, 11, 15, 24, 27, 33, 100],
  'mini-program': [17, 18, 19, 20, 25, 30, 31, 40, 76],
};

/** One account's consent to one component. */
export interface Grant {
  readonly component: string;
  readonly appid: string;
  state: 'authorized' | 'unauthorized';
  funcIds: number[];
  authorizedAt: number;
  refreshToken: string;
  /** A code of this consent was exchanged; before that the list shows no refresh token (protocol §3.8). */
  exchanged: boolean;
}

interface AuthCode {
  readonly grant: Grant;
  readonly expiresAt: number;
  used: boolean;
}

interface PreAuthCode {
  readonly component: string;
  readonly expiresAt: number;
  used: boolean;
}

export interface Consent {
  readonly grant: Grant;
  /** In the browser's redirect and in the push: the same code, unless `differentRedirectCode` is set (protocol §10 rule 12). */
  readonly redirectCode: string;
  readonly pushCode: string;
  readonly codeExpiresAt: number;
  readonly preAuthCode: string;
  /** What the consent changed: an `unchanged` one is not pushed (protocol §10 rule 11). */
  readonly change: 'authorized' | 'updateauthorized' | 'unchanged';
}

/** The consents of accounts, and the codes that are exchanged for refresh tokens. */
export class Grants {
  readonly #grants = new Map<string, Grant>();
  readonly #codes = new Map<string, AuthCode>();
  readonly #preAuthCodes = new Map<string, PreAuthCode>();
  readonly #clock: Clock;
  readonly #credentials: Credentials;

  constructor(clock: Clock, credentials: Credentials) {
    this.#clock = clock;
    this.#credentials = credentials;
  }

  all(): Grant[] {
    return [...this.#grants.values()];
  }

  /** The current consent. */
  live(component: string, appid: string): Grant | undefined {
    const grant = this.#grants.get(`${component}/${appid}`);
    return grant?.state === 'authorized' ? grant : undefined;
  }

  newPreAuthCode(component: string): string {
    const code = this.#credentials.preAuthCode();
    const expiresAt = this.#clock.now() + this.#clock.lasting(PRE_AUTH_CODE_TTL_S);
    this.#preAuthCodes.set(code, { component, expiresAt, used: false });
    return code;
  }

  judgePreAuthCode(component: string, code: string): 'valid' | 'unknown' | 'expired' | 'used' {
    const known = this.#preAuthCodes.get(code);
    if (known === undefined || known.component !== component) return 'unknown';
    if (known.used) return 'used';
    return this.#clock.now() < known.expiresAt ? 'valid' : 'expired';
  }

  /** Records a consent. Each one creates a new refresh token and revokes the previous one (protocol §10 rule 22). */
  consent(component: string, appid: string, funcIds: number[], preAuthCode: string, twoCodes: boolean): Consent {
    const preAuth = this.#preAuthCodes.get(preAuthCode);
    if (preAuth !== undefined) preAuth.used = true;
    const before = this.live(component, appid);
    const change =
      before === undefined ? 'authorized' : sameSets(before.funcIds, funcIds) ? 'unchanged' : 'updateauthorized';
    const grant: Grant = before ?? {
      component,
      appid,
      state: 'authorized',
      funcIds,
      authorizedAt: 0,
      refreshToken: '',
      exchanged: false,
    };
    grant.funcIds = funcIds;
    grant.authorizedAt = this.#clock.unix();
    grant.refreshToken = this.#credentials.refreshToken();
    this.#grants.set(`${component}/${appid}`, grant);
    const codeExpiresAt = this.#clock.now() + this.#clock.lasting(AUTH_CODE_TTL_S);
    const redirectCode = this.#newCode(grant, codeExpiresAt);
    const pushCode = twoCodes ? this.#newCode(grant, codeExpiresAt) : redirectCode;
    return { grant, redirectCode, pushCode, codeExpiresAt, preAuthCode, change };
  }

  /** Consumes a code (protocol §10 rule 21). */
  exchange(component: string, code: string): Grant | 61003 | 61009 | 61010 {
    const known = this.#codes.get(code);
    if (known === undefined || known.grant.component !== component) return 61009;
    if (known.used || this.#clock.now() >= known.expiresAt) return 61010;
    if (known.grant.state !== 'authorized') return 61003;
    known.used = true;
    known.grant.exchanged = true;
    return known.grant;
  }

  rotate(grant: Grant): void {
    grant.refreshToken = this.#credentials.refreshToken();
  }

  /** The merchant revokes the consent; a later consent is a new one. */
  revoke(grant: Grant): void {
    grant.state = 'unauthorized';
  }

  #newCode(grant: Grant, expiresAt: number): string {
    const code = this.#credentials.authCode();
    this.#codes.set(code, { grant, expiresAt, used: false });
    return code;
  }
}

function sameSets(one: number[], other: number[]): boolean {
  const sets = new Set(other);
  return one.length === other.length && one.every((id) => sets.has(id));
}
