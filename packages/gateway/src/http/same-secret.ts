import { createHash, timingSafeEqual } from 'node:crypto';

/** Compares hashes, so that the duration reveals neither content nor length. */
export function sameSecret(presented: string, expected: string): boolean {
  return timingSafeEqual(digest(presented), digest(expected));
}

function digest(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
