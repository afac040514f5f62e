import { createHash, timingSafeEqual } from 'node:crypto';

/** Compares hashes, so that neither content nor length shows in the time it takes. */
export function sameSecret(presented: string, expected: string): boolean {
  return timingSafeEqual(digest(presented), digest(expected));
}

function digest(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
