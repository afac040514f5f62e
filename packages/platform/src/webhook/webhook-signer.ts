import { hkdfSync } from 'node:crypto';
import { formatSecret, signatureHeaders } from './standard-webhooks.ts';

/**
 * Signs callbacks. The secret is derived from SECRETS_KEY, so that all processes know it and none stores it. While keys
 * change, each of them signs.
 */
export class CallbackSigner {
  readonly #secrets: readonly Buffer[];

  constructor(secretsKeys: readonly Buffer[]) {
    this.#secrets = secretsKeys.map(secretOf);
  }

  headersFor(id: string, body: string, at: Date): Record<string, string> {
    return signatureHeaders(this.#secrets, id, body, at);
  }
}

/** The secret with which receivers check the signatures of callbacks. */
export function callbackSecret(secretsKey: Buffer): string {
  return formatSecret(secretOf(secretsKey));
}

function secretOf(secretsKey: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', secretsKey, '', 'wxthirdparty callbacks', 32));
}
