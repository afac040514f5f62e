import type { z } from 'zod';

/** What is wrong with an input, each fault by its name; never the input itself. */
export function faultsOf(error: z.ZodError): string {
  return error.issues
    .slice(0, 5)
    .map((issue) => {
      // What is wrong with a member's name stands one step deeper.
      const message = (issue.code === 'invalid_key' && issue.issues[0]?.message) || issue.message;
      return issue.path.length === 0 ? message : `${issue.path.join('.')}: ${message}`;
    })
    .join('; ');
}
