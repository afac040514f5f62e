import type { EnvelopeKeys } from './envelope-keys.ts';

export interface SealOptions {
  readonly timestamp: string;
  readonly nonce: string;
  /** The key that opened the push which this answers; 0, the current one, by default. */
  readonly keyIndex?: number;
  /** For tests: the random prefix. */
  readonly random16?: Buffer;
}

export interface SealedEnvelope {
  readonly encrypt: string;
  readonly msgSignature: string;
  /** The reply wrapper of dossier §1.5. */
  readonly xml: string;
}

export function sealEnvelope(_keys: EnvelopeKeys, _xml: string, _options: SealOptions): SealedEnvelope {
  throw new Error('not yet');
}
