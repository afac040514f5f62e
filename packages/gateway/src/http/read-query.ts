import { Failure } from '@wxthirdparty/wechat';
import type { z } from 'zod';

/** A request of thousands of faults must not be answered with all of them. */
const MAX_FAULTS = 5;
const MAX_FAULT_LENGTH = 300;

/** Throws Failure `invalid_request` that names its faults. */
export function readQuery<T>(schema: z.ZodType<T>, query: unknown): T {
  const read = schema.safeParse(query);
  if (read.success) return read.data;
  throw new Failure('invalid_request', 'fix-request', faultsOf(read.error));
}

export function faultsOf({ issues }: z.ZodError): string {
  return issues
    .slice(0, MAX_FAULTS)
    .map((issue) => {
      // What is wrong with a member's name stands one step deeper.
      const message = (issue.code === 'invalid_key' && issue.issues[0]?.message) || issue.message;
      const fault = issue.path.length === 0 ? message : `${issue.path.join('.')}: ${message}`;
      return fault.length > MAX_FAULT_LENGTH ? `${fault.slice(0, MAX_FAULT_LENGTH)}…` : fault;
    })
    .join('; ');
}
