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

/** What the one who meets an error should do next. */
export const remedy = z.enum(remedies).meta({ id: 'Remedy' });
