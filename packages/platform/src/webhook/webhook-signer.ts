import { createHmac, hkdfSync } from 'node:crypto';

/**
 * Signs messages to business programs by the Standard Webhooks scheme. The secret is derived from SECRETS_KEY, so that all
 * processes know it and none stores it. While keys change, each of them signs: a receiver accepts any signature that it can check.
 */
export class CallbackSigner {
  readonly #secrets: readonly Buffer[];

  constructor(secretsKeys: readonly Buffer[]) {
    this.#secrets = secretsKeys.map(secretOf);
  }

  /** `webhook-id` stays the same however often a message is sent. */
  headersFor(id: string, body: string, at: Date): Record<string, string> {
    const timestamp = String(Math.floor(at.getTime() / 1000));
    const signatures = this.#secrets.map(
      (secret) => `v1,${createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64')}`,
    );
    return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
  }
}

/** The secret with which receivers check our signatures, in the form that their libraries expect. */
export function callbackSecret(secretsKey: Buffer): string {
  return `whsec_${secretOf(secretsKey).toString('base64')}`;
}

function secretOf(secretsKey: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', secretsKey, '', 'wxthirdparty callbacks', 32));
}
