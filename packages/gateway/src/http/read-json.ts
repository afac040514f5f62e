import type { IncomingMessage } from 'node:http';
import { Failure } from '@wxthirdparty/wechat';
import type { z } from 'zod';
import { type BodyBounds, readBody } from './read-body.ts';
import { readQuery } from './read-query.ts';

/** Enough for a key with the maximum number of accounts and paths. */
const BOUNDS: BodyBounds = { limit: 512 * 1024, timeoutMs: 10_000, sender: 'key-holder' };

/** A small JSON body; a missing one counts as `{}`. Throws Failure `unsupported_content`, `invalid_request`, `too_large`. */
export async function readJson<T>(request: IncomingMessage, schema: z.ZodType<T>, bounds = BOUNDS): Promise<T> {
  const body = await readBody(request, bounds);
  const type = request.headers['content-type'];
  if (body.length > 0 && !/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(type ?? '')) {
    throw new Failure('unsupported_content', 'fix-request', 'Send Content-Type: application/json.');
  }
  let value: unknown;
  try {
    value = body.length === 0 ? {} : JSON.parse(body.toString('utf8'));
  } catch {
    throw new Failure('invalid_request', 'fix-request', 'The body is not JSON.');
  }
  return readQuery(schema, value);
}
