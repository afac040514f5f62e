/** A user who follows an official account, or did. */
export interface Follower {
  readonly openid: string;
  readonly subscribed: boolean;
  /** Null until WeChat has told. */
  readonly subscribedAt: Date | null;
  /** When we learned of it, where no push told the moment. */
  readonly unsubscribedAt: Date | null;
  readonly unionid: string | null;
  readonly remark: string | null;
  readonly tagIds: readonly number[] | null;
  /** WeChat's `subscribe_scene`: how the user found the account. */
  readonly scene: string | null;
  /** Whatever else WeChat told, under WeChat's names. */
  readonly extra: Readonly<Record<string, unknown>>;
}

export interface FollowerAccount {
  readonly component: string;
  readonly appid: string;
}

/** Which followers are wanted; what is left out does not matter. */
export interface FollowerFilter {
  readonly subscribed?: boolean | undefined;
  /** Who has followed since then. */
  readonly since?: Date | undefined;
  readonly tag?: number | undefined;
  readonly scene?: string | undefined;
}
