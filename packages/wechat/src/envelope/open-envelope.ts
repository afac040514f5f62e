import type { Envelope } from './envelope.ts';
import type { EnvelopeKeys } from './envelope-keys.ts';

export interface OpenedEnvelope {
  readonly xml: string;
  /** The key that decrypted it; a reply must be sealed with the same (dossier §2.2). */
  readonly keyIndex: number;
}

export function openEnvelope(_keys: EnvelopeKeys, _envelope: Envelope): OpenedEnvelope {
  throw new Error('not yet');
}
