import type { IncomingMessage } from 'node:http';

// Media may have 20 MB; a larger body is an error of the caller.
const MAX_BODY_BYTES = 32 * 1024 * 1024;

/** The whole body; null if it is too large. */
export async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
