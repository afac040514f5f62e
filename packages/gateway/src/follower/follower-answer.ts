import type { Follower } from '@wxthirdparty/platform';
import { z } from 'zod';
import { time } from '../contract/time.ts';

export const FollowerAnswer = z
  .object({
    openid: z.string(),
    subscribed: z.boolean(),
    subscribedAt: time.nullable(),
    unsubscribedAt: time.nullable(),
    unionid: z.string().nullable(),
    remark: z.string().nullable(),
    tagIds: z.array(z.int()).readonly().nullable(),
    scene: z.string().nullable().meta({ description: 'how the user found the account' }),
    extra: z.record(z.string(), z.unknown()).readonly().meta({ description: 'all other fields that WeChat reported' }),
  })
  .meta({ id: 'Follower' });

/** One follower as lists and exports show it; the order is the order of the columns of the CSV. */
export function followerAnswer(follower: Follower): z.input<typeof FollowerAnswer> {
  return {
    openid: follower.openid,
    subscribed: follower.subscribed,
    subscribedAt: follower.subscribedAt,
    unsubscribedAt: follower.unsubscribedAt,
    unionid: follower.unionid,
    remark: follower.remark,
    tagIds: follower.tagIds,
    scene: follower.scene,
    extra: follower.extra,
  };
}

export const followerColumns = [
  'openid',
  'subscribed',
  'subscribedAt',
  'unsubscribedAt',
  'unionid',
  'remark',
  'tagIds',
  'scene',
  'extra',
] as const satisfies readonly (keyof ReturnType<typeof followerAnswer>)[];
