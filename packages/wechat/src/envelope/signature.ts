import { createHash } from 'node:crypto';

/** Lower-case hex SHA-1 of the parts, sorted by bytes and joined without a separator (dossier §2.1). */
export function signatureOf(...parts: string[]): string {
  const bytes = parts.map((part) => Buffer.from(part)).sort(Buffer.compare);
  return createHash('sha1').update(Buffer.concat(bytes)).digest('hex');
}
