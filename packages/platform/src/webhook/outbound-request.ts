/** A request to an endpoint of the business. */
export interface OutboundRequest {
  readonly url: string;
  /** POST by default. */
  readonly method?: 'POST' | 'GET';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** For the whole request, from looking up the name to the last byte of the answer that is read. */
  readonly timeoutMs: number;
  /** Bytes of the answer that are read, at most. 0: only the status and the headers count. */
  readonly maxAnswerBytes: number;
  readonly signal: AbortSignal;
}

/** Why there is no answer; these codes are part of the HTTP contract. */
export type OutboundFailureCode =
  /** No TCP or TLS connection in 3 s, or it broke before the answer was complete. */
  | 'no_connection'
  | 'bad_certificate'
  /** No complete answer in `timeoutMs`. */
  | 'timeout'
  | 'address_not_allowed'
  | 'address_unresolved';

export type OutboundResult =
  | {
      readonly kind: 'answered';
      readonly status: number;
      /** Names in lower case. */
      readonly headers: Readonly<Record<string, string>>;
      readonly body: Buffer;
      /** The answer is longer than `maxAnswerBytes`; always false where that is 0. */
      readonly cut: boolean;
      readonly ms: number;
    }
  | { readonly kind: 'failed'; readonly code: OutboundFailureCode; readonly ms: number }
  /** By the signal. */
  | { readonly kind: 'aborted' };
