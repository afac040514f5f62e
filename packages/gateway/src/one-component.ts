import { Failure } from '@wxthirdparty/wechat';
import { z } from 'zod';

/** What routes about one account take. */
export const ComponentQuery = z.object({
  component: z.string().optional().meta({ description: 'chooses where the account exists under several components' }),
});

/** `?component=`, which chooses where an account exists under several. Throws Failure `invalid_request`. */
export function ofOneComponent(query: unknown): string | undefined {
  const read = ComponentQuery.safeParse(query);
  if (read.success) return read.data.component;
  throw new Failure('invalid_request', 'fix-request', 'component: name one');
}
