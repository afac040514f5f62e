import { z } from 'zod';

/** In Chinese and English. */
export const Explanation = z.object({ zh: z.string(), en: z.string() }).meta({ id: 'Explanation' });
