/** To the generator: ask this of that port. */
export interface Order {
  readonly port: number;
  /** Whole requests, as bytes of HTTP; sent in turn. */
  readonly requests: readonly string[];
  /** What each answer must hold. */
  readonly expect: string;
  readonly pace:
    | { readonly perSecond: number; readonly seconds: number }
    /** Each of so many callers asks as soon as it was answered. */
    | { readonly callers: number; readonly seconds: number };
}

/** From the generator. Milliseconds; of a fixed rate from the moment at which the request was due. */
export type Served =
  | { readonly calls: number; readonly seconds: number; readonly p50: number; readonly p99: number }
  | { readonly failure: string };
