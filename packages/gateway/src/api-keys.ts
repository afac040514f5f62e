import { createHash } from 'node:crypto';
import { sameSecret } from './http/same-secret.ts';

export interface ApiKeys {
  /** The key's fingerprint, or undefined when nobody gave out such a key. */
  recognize(presented: string): string | undefined;
  /** Whether a key with this fingerprint is still good. */
  knows(fingerprint: string): boolean;
}

/** The one key of `API_KEY`; without it nobody is recognized. */
export function openApiKeys(apiKey: string | undefined): ApiKeys {
  if (apiKey === undefined || apiKey === '') return { recognize: () => undefined, knows: () => false };
  const known = fingerprintOf(apiKey);
  return {
    recognize: (presented) => (sameSecret(presented, apiKey) ? known : undefined),
    knows: (fingerprint) => fingerprint === known,
  };
}

/** 16 bytes of a hash, hex: enough to tell keys apart, useless to anybody who finds it. */
function fingerprintOf(apiKey: string): string {
  return createHash('sha256').update('wxthirdparty api key\0').update(apiKey).digest('hex').slice(0, 32);
}
