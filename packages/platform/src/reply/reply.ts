/** An answer to a user after a push (protocol §1.5, "Passive reply"). */
export type Reply =
  | { readonly type: 'text'; readonly content: string }
  | { readonly type: 'image' | 'voice'; readonly mediaId: string }
  | {
      readonly type: 'video';
      readonly mediaId: string;
      readonly title?: string | undefined;
      readonly description?: string | undefined;
    }
  | {
      readonly type: 'music';
      readonly title?: string | undefined;
      readonly description?: string | undefined;
      readonly musicUrl?: string | undefined;
      readonly hqMusicUrl?: string | undefined;
      readonly thumbMediaId: string;
    }
  | { readonly type: 'news'; readonly articles: readonly Article[] }
  /** To a customer-service agent; null: to any. */
  | { readonly type: 'transfer'; readonly account: string | null };

export interface Article {
  readonly title: string;
  readonly description: string;
  readonly picUrl: string;
  readonly url: string;
}

/** What happened to the answer of a receiver that may reply. */
export type ReplyState = 'passive' | 'customer_message' | 'none' | 'invalid' | 'dropped';

/** Why a reply is `invalid` or `dropped`. */
export type ReplyReason =
  | 'unreadable_answer'
  | 'too_large'
  | 'type_not_allowed'
  | 'already_replied'
  | 'replayed'
  | 'window_closed'
  | 'not_convertible'
  | 'late_disabled';
