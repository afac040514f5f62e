import type { Authorizer } from '@wxthirdparty/platform';
import { z } from 'zod';
import { time } from '../contract/time.ts';

export const authorizerState = z.enum(['active', 'needs-reauthorization', 'revoked']);

export const AuthorizerAnswer = z
  .object({
    appid: z.string(),
    component: z.string(),
    kind: z
      .enum(['official-account', 'mini-program'])
      .nullable()
      .meta({ description: 'null until WeChat has reported it' }),
    nickName: z.string().nullable(),
    userName: z.string().nullable().meta({ description: 'WeChat’s original id, `gh_…`' }),
    headImg: z.string().nullable(),
    principalName: z.string().nullable(),
    alias: z.string().nullable(),
    serviceType: z.int().nullable().meta({ description: 'WeChat’s own number, like the two fields after it' }),
    verifyType: z.int().nullable(),
    accountStatus: z.int().nullable(),
    state: authorizerState,
    scopes: z.array(z.int()).readonly().meta({ description: 'ids of the permission sets that were granted' }),
    handle: z.string().meta({ description: 'opaque and random; for cookies of merchant-facing pages' }),
    authorizedAt: time,
    updatedAt: time,
    profileAt: time.nullable().meta({ description: 'when WeChat last reported the profile' }),
    test: z.boolean().meta({ description: 'one of the test accounts of WeChat’s release check' }),
  })
  .meta({ id: 'Authorizer' });

/** Member by member, so that nothing that is added to an authorizer gets out by itself. */
export function authorizerAnswer(authorizer: Authorizer): z.input<typeof AuthorizerAnswer> {
  return {
    appid: authorizer.appid,
    component: authorizer.component,
    kind: authorizer.kind,
    nickName: authorizer.nickName,
    userName: authorizer.userName,
    headImg: authorizer.headImg,
    principalName: authorizer.principalName,
    alias: authorizer.alias,
    serviceType: authorizer.serviceType,
    verifyType: authorizer.verifyType,
    accountStatus: authorizer.accountStatus,
    state: authorizer.state,
    scopes: authorizer.scopes,
    handle: authorizer.handle,
    authorizedAt: authorizer.authorizedAt,
    updatedAt: authorizer.updatedAt,
    profileAt: authorizer.profileAt,
    test: authorizer.isTest,
  };
}
