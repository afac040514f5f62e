export interface GatewaySettings {
  /** 0 takes a free one. */
  readonly port: number;
  readonly host: string;
  /** Under which the world reaches us; operators' browsers may write from this origin. http://localhost:PORT if missing. */
  readonly publicUrl?: string | undefined;
  /** Besides our own, the origins that a browser may be sent to after a consent. */
  readonly returnToOrigins: readonly string[];
  /** As express takes it: `loopback`, addresses, or a number of hops. */
  readonly trustProxy?: string | undefined;
  /** Without one nobody passes: every `/v1` request answers 401. */
  readonly apiKey?: string | undefined;
  /** First signs, all verify. */
  readonly secretsKeys: readonly Buffer[];
  readonly admin: { readonly user: string; readonly password?: string | undefined; readonly write: boolean };
  /** How long `close()` lets running requests finish. */
  readonly shutdownMs: number;
}
