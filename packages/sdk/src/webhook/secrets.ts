import { WebhookError } from './webhook-error.ts';

/** A secret as the gateway shows it: `whsec_` and base64; several while it is being rotated. */
export type Secrets = string | readonly string[];

const PREFIX = 'whsec_';
/** A shorter key could be guessed. The gateway's have 32 bytes. */
const MIN_KEY_BYTES = 16;
/** As `crypto.subtle` makes it: the types of Node have no name for it. */
export type HmacKey = Promise<Awaited<ReturnType<typeof crypto.subtle.importKey>>>;

const HMAC_SHA256 = { name: 'HMAC', hash: 'SHA-256' };

/** The keys of the secrets, for `verifyWebhook`. Throws WebhookError `secret_missing`, `secret_malformed`. */
export function keysOf(secrets: Secrets): readonly HmacKey[] {
  // An environment variable that is not set is undefined, whatever the type says.
  const given = typeof secrets === 'string' ? [secrets] : (secrets ?? []);
  if (given.length === 0) throw missing();
  return given.map(bytesOfSecret).map((bytes) => {
    const key = crypto.subtle.importKey('raw', bytes, HMAC_SHA256, false, ['verify']);
    // It rejects where it is used; until then it must not count as unhandled.
    key.catch(() => undefined);
    return key;
  });
}

function bytesOfSecret(secret: string): Uint8Array<ArrayBuffer> {
  if (typeof secret !== 'string' || secret.trim() === '') throw missing();
  const bytes = bytesOfBase64(secret.trim().replace(PREFIX, ''));
  if (bytes === undefined || bytes.length < MIN_KEY_BYTES) {
    throw new WebhookError(
      'secret_malformed',
      `a secret is "${PREFIX}" and base64, as the answer to POST /v1/subscriptions shows it; the given text is not`,
    );
  }
  return bytes;
}

/** Undefined if the text is not base64. */
export function bytesOfBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function missing(): WebhookError {
  return new WebhookError(
    'secret_missing',
    'no secret was given: pass the secret of the subscription, and check that the variable with it is set in the environment',
  );
}
