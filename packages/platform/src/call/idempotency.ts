import { createHash, createHmac } from 'node:crypto';
import type { CallRequest } from './call.ts';

/** The call of an idempotency key, while its record exists. */
export interface Claim {
  readonly id: string;
  readonly background: boolean;
  readonly fingerprint: string;
  /** Of its order key. */
  readonly orderFingerprint: string | undefined;
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
  const { method, path, query, contentType, body, deadlineAt, notBeforeAt, callbackUrl, durable } = request;
  return createHmac('sha256', idempotencyKey)
    .update(
      JSON.stringify([
        ...[method, path, query, contentType, deadlineAt, notBeforeAt, callbackUrl, body !== undefined],
        // Versions that do not know it compute the same for all other calls.
        ...(durable ? ['durable'] : []),
      ]),
    )
    .update(body ?? '')
    .digest('base64url');
}

/** Apart from the other, which versions without order keys compare. */
export function orderFingerprintOf({ orderKey }: CallRequest, idempotencyKey: string): string | undefined {
  if (orderKey === undefined) return undefined;
  return createHmac('sha256', idempotencyKey)
    .update(JSON.stringify(['order key', orderKey]))
    .digest('base64url');
}

/**
 * Whether the request is for the claimed call. One with an order key is for a call without one, too, and the reverse: the call may be
 * from a version that knows no order keys.
 */
export function isForClaimed(claim: Claim, request: CallRequest, idempotencyKey: string): boolean {
  const order = orderFingerprintOf(request, idempotencyKey);
  const isSameOrder = order === undefined || claim.orderFingerprint === undefined || order === claim.orderFingerprint;
  return isSameOrder && claim.fingerprint === fingerprintOf(request, idempotencyKey);
}
