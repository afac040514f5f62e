/** What travels: still sealed, safe to store. */
export interface Envelope {
  readonly timestamp: string;
  readonly nonce: string;
  readonly msgSignature: string;
  readonly encrypt: string;
}
