import { z } from 'zod';

const limitFault = 'a whole number from 1 to 1000';

/** The query of every list: `limit`, and the `next` of the previous page. */
export const PageQuery = z.object({
  limit: z.coerce.number(limitFault).int(limitFault).min(1, limitFault).max(1000, limitFault).default(100),
  cursor: z.string().optional().meta({ description: '`next` of the previous page' }),
});

/** The answer of every list. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({
    items: z.array(item).readonly(),
    next: z.string().nullable().meta({ description: 'the `cursor` of the next page; null on the last one' }),
  });
}
