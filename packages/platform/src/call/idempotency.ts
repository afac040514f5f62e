import { createHash, createHmac } from 'node:crypto';
import type { CallRequest } from './call.ts';

/** The call of an idempotency key, while its record exists. */
export interface Claim {
  readonly id: string;
  readonly background: boolean;
  readonly fingerprint: string;
}

/** A hash, because callers may derive the key from confidential data. */
export function hashOfKey(idempotencyKey: string): string {
  return createHash('sha256').update('wxthirdparty idempotency\0').update(idempotencyKey).digest('base64url');
}

/**
 * Of everything that decides what is sent and when; not of the time for which the caller waits. Keyed, because a plain hash of a
 * short message could be guessed.
 */
export function fingerprintOf(request: CallRequest, idempotencyKey: string): string {
  const { method, path, query, contentType, body, deadlineAt, notBeforeAt, callbackUrl } = request;
  return createHmac('sha256', idempotencyKey)
    .update(
      JSON.stringify([method, path, query, contentType, deadlineAt, notBeforeAt, callbackUrl, body !== undefined]),
    )
    .update(body ?? '')
    .digest('base64url');
}
