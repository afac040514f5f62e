import type { IncomingMessage } from 'node:http';
import { Failure } from '@wxthirdparty/wechat';
import type { z } from 'zod';
import { readBody } from './read-body.ts';
import { readQuery } from './read-query.ts';

const LIMIT = 64 * 1024;
const WITHIN_MS = 10_000;

/** A small JSON body; none counts as `{}`. Throws Failure `invalid_request`. */
export async function readJson<T>(request: IncomingMessage, schema: z.ZodType<T>): Promise<T> {
  const body = await readBody(request, { limit: LIMIT, withinMs: WITHIN_MS });
  let value: unknown;
  try {
    value = body.length === 0 ? {} : JSON.parse(body.toString('utf8'));
  } catch {
    throw new Failure('invalid_request', 'fix-request', 'the body is not JSON');
  }
  return readQuery(schema, value);
}
