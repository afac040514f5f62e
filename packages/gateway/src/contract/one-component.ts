import { Failure } from '@wxthirdparty/wechat';
import { z } from 'zod';
import type { ProblemCode } from './problem.ts';

/** The query of routes about one account. */
export const ComponentQuery = z.object({
  component: z.string().optional().meta({ description: 'required if the account authorized several components' }),
});

/** The problems that such a route may answer. */
export const oneAccount = [
  'unknown_authorizer',
  'unknown_component',
  'ambiguous_component',
  'not_ready',
] as const satisfies readonly ProblemCode[];

/** `?component=`, for an account that exists under several components. Throws Failure `invalid_request`. */
export function ofOneComponent(query: unknown): string | undefined {
  const read = ComponentQuery.safeParse(query);
  if (read.success) return read.data.component;
  throw new Failure('invalid_request', 'fix-request', 'component: give exactly one component appid.');
}
