import { Failure } from '@wxthirdparty/wechat';
import type { z } from 'zod';

/** Throws Failure `invalid_request` that names every fault. */
export function readQuery<T>(schema: z.ZodType<T>, query: unknown): T {
  const read = schema.safeParse(query);
  if (read.success) return read.data;
  const faults = read.error.issues.map((issue) => `${issue.path.join('.') || 'it'}: ${issue.message}`);
  throw new Failure('invalid_request', 'fix-request', faults.join('; '));
}
