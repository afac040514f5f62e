import type { Clock } from './clock.ts';
import type { Credentials } from './credential.ts';

const CODE_TTL_S = 300;
export const USER_TOKEN_TTL_S = 7200;
const USER_REFRESH_TOKEN_TTL_S = 30 * 24 * 3600;

export type Scope = 'snsapi_base' | 'snsapi_userinfo';

interface LoginCode {
  readonly kind: 'js' | 'web';
  readonly appid: string;
  readonly openid: string;
  readonly scope: Scope;
  readonly expiresAt: number;
  used: boolean;
}

/** A user's token for one account; unrelated to the account's own token (protocol §4.11). */
export interface UserToken {
  readonly value: string;
  readonly refreshToken: string;
  readonly appid: string;
  readonly openid: string;
  readonly scope: Scope;
  readonly expiresAt: number;
  readonly refreshableUntil: number;
}

/** Logins of users to mini programs and web pages (protocol §4.11, §5.8, §10 rule 49). */
export class Logins {
  readonly #codes = new Map<string, LoginCode>();
  readonly #tokens = new Map<string, UserToken>();
  readonly #refreshTokens = new Map<string, UserToken>();
  readonly #clock: Clock;
  readonly #credentials: Credentials;

  constructor(clock: Clock, credentials: Credentials) {
    this.#clock = clock;
    this.#credentials = credentials;
  }

  newCode(kind: 'js' | 'web', appid: string, openid: string, scope: Scope): string {
    const code = this.#credentials.userCode();
    const expiresAt = this.#clock.now() + this.#clock.lasting(CODE_TTL_S);
    this.#codes.set(code, { kind, appid, openid, scope, expiresAt, used: false });
    return code;
  }

  /** Consumes a code; a used code of a mini program is as invalid as an unknown one. */
  spend(kind: 'js' | 'web', appid: string, code: string): LoginCode | 40029 | 40163 | 42003 {
    const known = this.#codes.get(code);
    if (known === undefined || known.kind !== kind || known.appid !== appid) return 40029;
    if (known.used) return kind === 'js' ? 40029 : 40163;
    if (this.#clock.now() >= known.expiresAt) return kind === 'js' ? 40029 : 42003;
    known.used = true;
    return known;
  }

  issue(login: { appid: string; openid: string; scope: Scope }): UserToken {
    const now = this.#clock.now();
    return this.#keep({
      ...{ appid: login.appid, openid: login.openid, scope: login.scope },
      value: this.#credentials.userToken(),
      refreshToken: this.#credentials.userRefreshToken(),
      expiresAt: now + this.#clock.lasting(USER_TOKEN_TTL_S),
      refreshableUntil: now + this.#clock.lasting(USER_REFRESH_TOKEN_TTL_S),
    });
  }

  refresh(appid: string, refreshToken: string): UserToken | 40030 | 42002 {
    const known = this.#refreshTokens.get(refreshToken);
    if (known === undefined || known.appid !== appid) return 40030;
    const now = this.#clock.now();
    if (now >= known.refreshableUntil) return 42002;
    // A valid token is extended, an expired one is replaced.
    const value = now < known.expiresAt ? known.value : this.#credentials.userToken();
    return this.#keep({ ...known, value, expiresAt: now + this.#clock.lasting(USER_TOKEN_TTL_S) });
  }

  judge(value: string): UserToken | 40001 | 42001 {
    const token = this.#tokens.get(value);
    if (token === undefined) return 40001;
    return this.#clock.now() < token.expiresAt ? token : 42001;
  }

  #keep(token: UserToken): UserToken {
    this.#tokens.set(token.value, token);
    this.#refreshTokens.set(token.refreshToken, token);
    return token;
  }
}
