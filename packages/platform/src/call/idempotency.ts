import { createHash, createHmac } from 'node:crypto';
import type { CallRequest } from './call.ts';

/** What an idempotency key stands for, as long as its call is known. */
export interface Claim {
  readonly id: string;
  readonly background: boolean;
  readonly fingerprint: string;
}

/** Callers may have made the key of something that is nobody's business. */
export function hashOfKey(idempotencyKey: string): string {
  return createHash('sha256').update('wxthirdparty idempotency\0').update(idempotencyKey).digest('base64url');
}

/**
 * Of everything that decides what is sent, and when; not of how long the caller waits. Keyed, since a plain hash of a
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
