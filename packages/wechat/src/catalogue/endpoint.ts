export interface Endpoint {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  /** `user`: the web-OAuth token of one person, which is not ours to keep. */
  readonly token: 'none' | 'component' | 'authorizer' | 'either' | 'user';
  /** Doing it twice leaves the same as doing it once, and harms nobody. */
  readonly safeToRepeat: boolean;
  /** Gives out tokens, tickets or codes that are the platform's own business. */
  readonly mints: boolean;
  /** Documented default of a newly registered account, per day. */
  readonly dailyLimit: number | undefined;
  /** Title of the official document. */
  readonly doc: string;
}

/** Always answers, for endpoints that nobody catalogued too. */
export function endpointOf(_method: string, _path: string): Endpoint {
  throw new Error('not yet');
}

export const wechatPathPrefixes: readonly string[] = [
  '/cgi-bin/',
  '/wxa/',
  '/wxaapi/',
  '/sns/',
  '/datacube/',
  '/customservice/',
];
