import type { AccountActivity, Authorizer } from '@wxthirdparty/platform';
import { z } from 'zod';
import { hiddenFromSessions } from '../contract/hidden-from-sessions.ts';
import { remedy } from '../contract/remedy.ts';
import { time } from '../contract/time.ts';

export const authorizerState = z.enum(['active', 'needs-reauthorization', 'revoked']);
export const authorizerKind = z.enum(['official-account', 'mini-program']);

export const AuthorizerAnswer = z
  .object({
    appid: z.string(),
    component: z.string(),
    kind: authorizerKind.nullable().meta({ description: 'null until WeChat has reported it' }),
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
    handle: z.string().meta({ description: 'your own name of the account; random until you choose one' }),
    cookieValue: hiddenFromSessions(
      z.string().nullable().meta({
        description:
          'random, and never changed; for cookies of merchant-facing pages, since a handle can be guessed. Null for a session of the console',
      }),
    ),
    authorizedAt: time,
    updatedAt: time,
    profileAt: time.nullable().meta({ description: 'when WeChat last reported the profile' }),
    test: z.boolean().meta({ description: 'one of the test accounts of WeChat’s release check' }),
  })
  .meta({ id: 'Authorizer' });

/** What an account did last. */
export const AccountActivityAnswer = z
  .object({
    tokenExpiresAt: time.nullable().meta({ description: 'null: it has no token at present' }),
    tokenFailure: z
      .object({ code: z.string(), remedy, message: z.string(), errcode: z.int().nullable(), at: time })
      .nullable()
      .meta({ description: 'why the last refresh of the token failed, if none has succeeded since' }),
    lastCallAt: time
      .nullable()
      .meta({ description: 'the last request for the account: to the minute, or exactly if it is recorded as a call' }),
    lastPushAt: time.nullable().meta({ description: 'of the journal, so null after its retention' }),
    quota: z
      .object({ path: z.string(), used: z.int(), limit: z.int() })
      .nullable()
      .meta({ description: 'the daily quota with the largest share used; null if no limit is known' }),
  })
  .meta({ id: 'AccountActivity' });

export const ListedAuthorizerAnswer = AuthorizerAnswer.extend({
  activity: AccountActivityAnswer.optional().meta({ description: 'with `include=activity`' }),
}).meta({ id: 'ListedAuthorizer' });

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
    cookieValue: authorizer.cookieValue,
    authorizedAt: authorizer.authorizedAt,
    updatedAt: authorizer.updatedAt,
    profileAt: authorizer.profileAt,
    test: authorizer.isTest,
  };
}

/** Member by member, too. */
export function activityAnswer(activity: AccountActivity): z.input<typeof AccountActivityAnswer> {
  const { tokenExpiresAt, tokenFailure: failure, lastCallAt, lastPushAt, quota } = activity;
  return {
    tokenExpiresAt,
    tokenFailure: failure && {
      code: failure.code,
      remedy: failure.remedy,
      message: failure.message,
      errcode: failure.errcode ?? null,
      at: failure.at,
    },
    lastCallAt,
    lastPushAt,
    quota: quota && { path: quota.path, used: quota.used, limit: quota.limit },
  };
}
