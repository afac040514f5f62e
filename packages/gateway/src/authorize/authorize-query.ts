import { Failure } from '@wxthirdparty/wechat';
import { z } from 'zod';

const AUTH_TYPES = [1, 2, 3, 4, 5, 6, 8];

export const authType = z.coerce
  .number()
  .refine((value) => AUTH_TYPES.includes(value), `must be one of ${AUTH_TYPES.join(', ')}`)
  .meta({ override: { enum: AUTH_TYPES } });
export const bizAppid = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be an appid');
export const categoryIdList = z
  .string()
  .max(255)
  .regex(/^\d+(\|\d+)*$/, 'must be permission-set ids joined by |');
export const style = z.enum(['pc', 'mobile']);

/**
 * What `GET /authorize/:component` takes.
 * @public the API's description is made from it
 */
export const AuthorizeQuery = z.object({
  style: style.optional(),
  auth_type: authType.default(3),
  biz_appid: bizAppid.optional(),
  category_id_list: categoryIdList.optional(),
  return_to: z.string().optional(),
  /** Of an authorization link; it says all the rest. */
  link: z.string().optional(),
});

/** An empty parameter counts as one that is missing. Throws Failure `invalid_request`. */
export function readAuthorizeQuery(query: Record<string, unknown>): z.infer<typeof AuthorizeQuery> {
  const given = Object.fromEntries(Object.entries(query).filter(([, value]) => value !== ''));
  const read = AuthorizeQuery.safeParse(given);
  if (read.success) return read.data;
  const faults = read.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new Failure('invalid_request', 'fix-request', faults.join('; '));
}
