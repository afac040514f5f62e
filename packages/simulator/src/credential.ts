import { createHash, randomBytes } from 'node:crypto';

export type CredentialKind =
  | 'tickets'
  | 'componentTokens'
  | 'authorizerTokens'
  | 'refreshTokens'
  | 'preAuthCodes'
  | 'authCodes'
  | 'userCodes'
  | 'userTokens'
  | 'userRefreshTokens'
  | 'jsTickets';

/** Creates every opaque string that WeChat issues, and records the secret ones for tests that search for leaks. */
export class Credentials {
  readonly issued: Record<CredentialKind, string[]> = {
    tickets: [],
    componentTokens: [],
    authorizerTokens: [],
    refreshTokens: [],
    preAuthCodes: [],
    authCodes: [],
    userCodes: [],
    userTokens: [],
    userRefreshTokens: [],
    jsTickets: [],
  };
  readonly #key: string;
  #count = 0;
  #messageId: bigint;

  constructor(seed: number, deterministic: boolean) {
    // A restarted simulator must not issue the same values again: clients would treat them as replays.
    this.#key = `${seed}:${deterministic ? '' : randomBytes(16).toString('hex')}`;
    // Above 2^53, to reveal clients that parse numbers as doubles (protocol §10 rule 16).
    this.#messageId = deterministic ? 24_345_678_901_234_567n : BigInt(Date.now()) * 10_000n;
  }

  bytes(length: number): Buffer {
    this.#count += 1;
    return createHash('shake256', { outputLength: length }).update(`${this.#key}:${this.#count}`).digest();
  }

  /** `length` characters of [A-Za-z0-9_-]. */
  text(length: number): string {
    return this.bytes(length).toString('base64url').slice(0, length);
  }

  ticket(): string {
    return this.#remember('tickets', `ticket@@@${this.text(86)}`);
  }

  componentToken(): string {
    return this.#remember('componentTokens', this.#accessToken());
  }

  authorizerToken(): string {
    return this.#remember('authorizerTokens', this.#accessToken());
  }

  refreshToken(): string {
    return this.#remember('refreshTokens', `refreshtoken@@@${this.text(43)}`);
  }

  preAuthCode(): string {
    return this.#remember('preAuthCodes', `preauthcode@@@${this.text(86)}`);
  }

  authCode(): string {
    return this.#remember('authCodes', `queryauthcode@@@${this.text(86)}`);
  }

  jsTicket(): string {
    return this.#remember('jsTickets', this.text(86));
  }

  userCode(): string {
    return this.#remember('userCodes', `0${this.text(31)}`);
  }

  userToken(): string {
    return this.#remember('userTokens', this.#accessToken());
  }

  userRefreshToken(): string {
    return this.#remember('userRefreshTokens', this.#accessToken());
  }

  messageId(): bigint {
    this.#messageId += BigInt(1 + (this.bytes(1)[0] ?? 0));
    return this.#messageId;
  }

  // `NN_` and about 140 characters that include `-` and `_` (protocol §10 rule 30).
  #accessToken(): string {
    return `${60 + (this.#count % 40)}_${this.text(136)}-_`;
  }

  #remember(kind: CredentialKind, value: string): string {
    this.issued[kind].push(value);
    return value;
  }
}
