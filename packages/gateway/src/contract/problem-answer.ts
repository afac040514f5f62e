import { z } from 'zod';
import { Explanation } from './explanation.ts';
import { remedy } from './remedy.ts';

/** The problem (RFC 9457) that this gateway answers. */
export const ProblemAnswer = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string().meta({ description: 'stable; decide by it, or by `remedy`' }),
    remedy,
    retryAfter: z.int().optional().meta({ description: 'seconds; also the header' }),
    errcode: z.int().optional().meta({ description: 'WeChat’s error number, if WeChat refused' }),
    rid: z.string().optional().meta({ description: 'WeChat’s id of the request' }),
    explanation: Explanation.optional().meta({ description: 'of the errcode' }),
    reasons: z.array(z.string()).readonly().optional().meta({ description: 'of `not_ready`' }),
    reason: z.string().optional().meta({ description: 'of `reply_not_possible`' }),
    missing: z
      .union([
        z.object({ scope: z.string() }),
        z.object({ account: z.string() }),
        z.object({ path: z.string() }),
        z.object({ restriction: z.enum(['accounts', 'paths']) }),
      ])
      .optional()
      .meta({ description: 'of `forbidden`: the permission that the key lacks' }),
    address: z.string().optional().meta({ description: 'of `address_not_allowed`' }),
    setting: z.string().optional().meta({ description: 'of `address_not_allowed`: what the operator can change' }),
    closedUntil: z.iso.datetime().optional().meta({ description: 'of `quota_closed`' }),
    authorizationUrl: z.string().optional().meta({ description: 'where the merchant can authorize again' }),
  })
  .meta({ id: 'Problem' });
