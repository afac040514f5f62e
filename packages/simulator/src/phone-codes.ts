import type { Clock } from './clock.ts';
import type { Credentials } from './credential.ts';

const CODE_TTL_S = 300;

interface PhoneCode {
  readonly appid: string;
  readonly openid: string;
  /** Without the country code. */
  readonly number: string;
  readonly countryCode: string;
  readonly expiresAt: number;
  used: boolean;
}

/** The codes that mini programs exchange for phone numbers: valid once and for five minutes (protocol §5.8, §10 rule 49). */
export class PhoneCodes {
  readonly #codes = new Map<string, PhoneCode>();
  readonly #clock: Clock;
  readonly #credentials: Credentials;

  constructor(clock: Clock, credentials: Credentials) {
    this.#clock = clock;
    this.#credentials = credentials;
  }

  issue(phone: Pick<PhoneCode, 'appid' | 'openid' | 'number' | 'countryCode'>): string {
    const code = this.#credentials.userCode();
    const expiresAt = this.#clock.now() + this.#clock.lasting(CODE_TTL_S);
    this.#codes.set(code, { ...phone, expiresAt, used: false });
    return code;
  }

  /** Consumes a code. Unknown, used and expired ones are all invalid; 40013: it is of another mini program. */
  spend(appid: string, code: string): PhoneCode | 40013 | 40029 {
    const known = this.#codes.get(code);
    if (known === undefined || known.used || this.#clock.now() >= known.expiresAt) return 40029;
    if (known.appid !== appid) return 40013;
    known.used = true;
    return known;
  }
}
