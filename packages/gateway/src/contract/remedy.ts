import type { Remedy } from '@wxthirdparty/wechat';
import { z } from 'zod';

const remedies = [
  'retry',
  'slow-down',
  'refresh-token',
  'reauthorize',
  'fix-request',
  'operator',
] as const satisfies readonly Remedy[];

/** What the caller or an operator should do about an error. */
export const remedy = z.enum(remedies).meta({ id: 'Remedy' });
