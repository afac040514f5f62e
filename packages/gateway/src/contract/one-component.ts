import { Failure } from '@wxthirdparty/wechat';
import { z } from 'zod';
import type { ProblemCode } from './problem.ts';

/** What routes about one account take. */
export const ComponentQuery = z.object({
  component: z.string().optional().meta({ description: 'required if the account authorized several components' }),
});

/** What their operations may answer instead. */
export const oneAccount = [
  'unknown_authorizer',
  'unknown_component',
  'ambiguous_component',
  'not_ready',
] as const satisfies readonly ProblemCode[];

/** `?component=`, which chooses where an account exists under several. Throws Failure `invalid_request`. */
export function ofOneComponent(query: unknown): string | undefined {
  const read = ComponentQuery.safeParse(query);
  if (read.success) return read.data.component;
  throw new Failure('invalid_request', 'fix-request', 'component: name one');
}
