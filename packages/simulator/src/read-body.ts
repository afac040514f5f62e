import type { IncomingMessage } from 'node:http';

// Media may be 20 MB; more is a mistake of the caller.
const MOST_BYTES = 32 * 1024 * 1024;

/** The whole body; null when it is too large. */
export async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MOST_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
