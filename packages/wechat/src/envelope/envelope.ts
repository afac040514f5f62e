/** A push in its encrypted form, safe to store. */
export interface Envelope {
  readonly timestamp: string;
  readonly nonce: string;
  readonly msgSignature: string;
  readonly encrypt: string;
}
