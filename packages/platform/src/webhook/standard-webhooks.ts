import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';

/** As KeyObjects: with a key as bytes, Node takes several times as long for a hash. */
const keys = new WeakMap<Buffer, KeyObject>();

/**
 * Headers by which a receiver's Standard Webhooks library verifies a message: one signature for each secret, of which it
 * accepts any. `id` stays the same however often a message is sent. `body`: exactly what is sent.
 */
export function signatureHeaders(
  secrets: readonly Buffer[],
  id: string,
  body: string | Buffer,
  at: Date,
): Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string> {
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const signatures = secrets.map(
    (secret) => `v1,${createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.`).update(body).digest('base64')}`,
  );
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}

function keyOf(secret: Buffer): KeyObject {
  let key = keys.get(secret);
  if (key === undefined) {
    key = createSecretKey(secret);
    keys.set(secret, key);
  }
  return key;
}

/** A secret in the form that receivers' libraries expect. */
export function formatSecret(secret: Buffer): string {
  return `whsec_${secret.toString('base64')}`;
}
