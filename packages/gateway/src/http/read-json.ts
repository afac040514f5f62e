import { Failure } from '@wxthirdparty/wechat';
import type { Request } from 'express';
import type { z } from 'zod';
import { readBody } from './read-body.ts';

const BOUNDS = { limit: 64 * 1024, withinMs: 10_000 };

/** A small JSON body; a missing one counts as `{}`. Throws Failure `unsupported_content`, `invalid_request`, `too_large`. */
export async function readJson<Schema extends z.ZodType>(request: Request, schema: Schema): Promise<z.infer<Schema>> {
  const body = await readBody(request, BOUNDS);
  const type = request.headers['content-type'];
  if (body.length > 0 && !/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(type ?? '')) {
    throw new Failure('unsupported_content', 'fix-request', 'send Content-Type: application/json');
  }
  let value: unknown;
  try {
    value = body.length === 0 ? {} : JSON.parse(body.toString('utf8'));
  } catch {
    throw new Failure('invalid_request', 'fix-request', 'the body is not JSON');
  }
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const faults = read.error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`);
  throw new Failure('invalid_request', 'fix-request', faults.join('; '));
}
