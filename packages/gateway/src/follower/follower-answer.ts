import type { Follower } from '@wxthirdparty/platform';

/** One follower as lists and exports show it; the order is the order of the columns of the CSV. */
export function followerAnswer(follower: Follower) {
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
