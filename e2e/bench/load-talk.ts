/** Of the generator to one port. */
export const MAX_CONNECTIONS = 256;

/** To the generator: send these requests to that port. */
export interface Order {
  readonly port: number;
  /** Whole requests, as bytes of HTTP; sent one after the other. */
  readonly requests: readonly string[];
  /** A text that each answer must contain. */
  readonly expect: string;
  readonly pace:
    | { readonly perSecond: number; readonly seconds: number }
    /** Each of this many callers sends its next request after each answer. */
    | { readonly callers: number; readonly seconds: number };
}

/** From the generator. Milliseconds; of a fixed rate from the moment at which the request was due. */
export type Served =
  | { readonly calls: number; readonly seconds: number; readonly p50: number; readonly p99: number }
  | { readonly failure: string };
