import { z } from 'zod';

/** A name that a business chooses for an account. */
export const handle = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'a handle has 1 to 64 characters of A–Z, a–z, 0–9, _ and -')
  .meta({ examples: ['shop-17'] });
