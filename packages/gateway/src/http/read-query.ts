import { Failure } from '@wxthirdparty/wechat';
import type { z } from 'zod';

/** A request may have thousands of faults; the answer names the first ones. */
const MAX_FAULTS = 5;
const MAX_FAULT_LENGTH = 300;

/** Throws Failure `invalid_request`, which names the faults. */
export function readQuery<T>(schema: z.ZodType<T>, query: unknown): T {
  const read = schema.safeParse(query);
  if (read.success) return read.data;
  throw new Failure('invalid_request', 'fix-request', faultsOf(read.error));
}

export function faultsOf({ issues }: z.ZodError): string {
  return issues
    .slice(0, MAX_FAULTS)
    .map((issue) => {
      // The fault of a member's name is in a nested issue.
      const message = (issue.code === 'invalid_key' && issue.issues[0]?.message) || issue.message;
      const fault = issue.path.length === 0 ? message : `${issue.path.join('.')}: ${message}`;
      return fault.length > MAX_FAULT_LENGTH ? `${fault.slice(0, MAX_FAULT_LENGTH)}…` : fault;
    })
    .join('; ');
}
