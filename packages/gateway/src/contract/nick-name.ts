import { z } from 'zod';

/** Of an account that something is about. */
export const nickName = z
  .string()
  .nullable()
  .meta({ description: 'of the account; null: unknown, or the key lacks the scope `authorizers:read`' });
