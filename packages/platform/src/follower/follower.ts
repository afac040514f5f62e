/** A user who follows an official account, or has followed it. */
export interface Follower {
  readonly openid: string;
  readonly subscribed: boolean;
  /** Null until WeChat has reported it. */
  readonly subscribedAt: Date | null;
  /** The time of the push, or, without one, when a sync noticed it. */
  readonly unsubscribedAt: Date | null;
  readonly unionid: string | null;
  readonly remark: string | null;
  readonly tagIds: readonly number[] | null;
  /** WeChat's `subscribe_scene`: how the user found the account. */
  readonly scene: string | null;
  /** All other details, under WeChat's names. */
  readonly extra: Readonly<Record<string, unknown>>;
}

export interface FollowerAccount {
  readonly component: string;
  readonly appid: string;
}

/** A field that is undefined filters nothing. */
export interface FollowerFilter {
  readonly subscribed?: boolean | undefined;
  /** Subscribed at this time or later. */
  readonly since?: Date | undefined;
  readonly tag?: number | undefined;
  readonly scene?: string | undefined;
}
