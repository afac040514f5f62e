import { z } from 'zod';

/** In the languages of those who read errors. */
export const Explanation = z.object({ zh: z.string(), en: z.string() }).meta({ id: 'Explanation' });
