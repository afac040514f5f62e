import { createHash, timingSafeEqual } from 'node:crypto';

/** Lower-case hex SHA-1 of the parts, sorted by bytes and joined without a separator (protocol §2.1). */
export function signatureOf(...parts: string[]): string {
  const bytes = parts.map((part) => Buffer.from(part)).sort(Buffer.compare);
  const hash = createHash('sha1');
  for (const part of bytes) hash.update(part);
  return hash.digest('hex');
}

/** Takes the same time for any difference. */
export function sameSignature(expected: string, claimed: string): boolean {
  const a = Buffer.from(expected);
  const b = Buffer.from(claimed);
  return a.length === b.length && timingSafeEqual(a, b);
}
