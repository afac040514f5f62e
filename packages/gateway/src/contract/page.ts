import { z } from 'zod';

const limitWords = 'a whole number from 1 to 1000';

/** How every list is asked for: `limit`, and the `next` of the page before. */
export const PageQuery = z.object({
  limit: z.coerce.number(limitWords).int(limitWords).min(1, limitWords).max(1000, limitWords).default(100),
  cursor: z.string().optional().meta({ description: '`next` of the previous page' }),
});

/** How every list answers. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({
    items: z.array(item).readonly(),
    next: z.string().nullable().meta({ description: 'the `cursor` of the next page; null on the last one' }),
  });
}
