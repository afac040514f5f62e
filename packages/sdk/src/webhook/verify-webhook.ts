import { headerOf, type RequestHeaders } from './request-headers.ts';
import { bytesOfBase64, type HmacKey } from './secrets.ts';
import { WebhookError } from './webhook-error.ts';

/** A captured request may be repeated for so long; the clocks of both sides may differ by as much. */
const TOLERANCE_MS = 5 * 60_000;
/** More than any rotation of secrets makes; each costs an HMAC of the body for each key. */
const MAX_SIGNATURES = 10;

/**
 * Verifies a request by the Standard Webhooks scheme: one of its signatures must be made with one of the keys, over its id,
 * its time and the bytes of its body. WebCrypto compares in constant time. Returns the request's id. Throws WebhookError.
 */
export async function verifyWebhook(
  keys: readonly HmacKey[],
  headers: RequestHeaders,
  body: Uint8Array,
): Promise<string> {
  const id = required(headers, 'webhook-id');
  const timestamp = required(headers, 'webhook-timestamp');
  const signatures = signaturesIn(required(headers, 'webhook-signature'));
  assertRecent(timestamp);
  const signed = joined(new TextEncoder().encode(`${id}.${timestamp}.`), body);
  for (const key of await Promise.all(keys)) {
    for (const signature of signatures) {
      if (await crypto.subtle.verify('HMAC', key, signature, signed)) return id;
    }
  }
  throw new WebhookError(
    'signature_mismatch',
    'no signature of the request matches: the secret is another subscription’s or a former one, or the body was changed on its way; `wxthirdparty verify-delivery` finds out which',
  );
}

function required(headers: RequestHeaders, name: string): string {
  const value = headerOf(headers, name);
  if (value !== undefined && value !== '') return value;
  throw new WebhookError('header_missing', `the header ${name} is missing; deliveries of the gateway have it`);
}

function signaturesIn(header: string): Uint8Array<ArrayBuffer>[] {
  const signatures = header
    .split(' ', MAX_SIGNATURES)
    // Other versions are other schemes.
    .flatMap((one) => (one.startsWith('v1,') ? [bytesOfBase64(one.slice('v1,'.length))] : []))
    .filter((bytes) => bytes !== undefined);
  if (signatures.length > 0) return signatures;
  throw new WebhookError('header_malformed', 'the header webhook-signature has no signature of the form "v1,BASE64"');
}

function assertRecent(timestamp: string): void {
  if (!/^\d{1,12}$/.test(timestamp)) {
    throw new WebhookError('header_malformed', 'the header webhook-timestamp is not a number of Unix seconds');
  }
  const ageMs = Date.now() - Number(timestamp) * 1000;
  const apart = `${Math.round(Math.abs(ageMs) / 1000)} seconds`;
  const advice = 'compare the clocks of the gateway and of this host; each attempt has a timestamp of its own';
  if (ageMs > TOLERANCE_MS) {
    throw new WebhookError(
      'timestamp_too_old',
      `the request was signed ${apart} ago, at most 300 are accepted; ${advice}`,
    );
  }
  if (ageMs < -TOLERANCE_MS) {
    throw new WebhookError(
      'timestamp_too_new',
      `the request was signed ${apart} in the future, at most 300 are accepted; ${advice}`,
    );
  }
}

function joined(head: Uint8Array, tail: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(head.length + tail.length);
  all.set(head);
  all.set(tail, head.length);
  return all;
}
