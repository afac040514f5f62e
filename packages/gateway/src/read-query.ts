import { Failure } from '@wxthirdparty/wechat';
import type { z } from 'zod';
import { faultsOf } from './faults.ts';

/** A route's parameters as its schema has them. Throws Failure `invalid_request`. */
export function readQuery<S extends z.ZodType>(schema: S, query: unknown): z.output<S> {
  const read = schema.safeParse(query);
  if (read.success) return read.data;
  throw new Failure('invalid_request', 'fix-request', faultsOf(read.error));
}
