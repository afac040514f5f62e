/** `wrong_account`: it names another account than its URL; it is not delivered. */
export type PushNote = 'unreadable' | 'wrong_account';

/** How a user was answered. */
export type Replied = 'passive' | 'customer_message';

/** A push or notice in the journal, without its content. */
export interface JournaledPush {
  readonly component: string;
  readonly id: string;
  /** Null: it concerns the component itself. */
  readonly appid: string | null;
  readonly type: string;
  readonly note: PushNote | null;
  readonly createTime: Date;
  readonly receivedAt: Date;
  /** The order of acceptance; it can repeat. */
  readonly seq: number;
  readonly replied: Replied | null;
}

/** A push that is to be journaled. */
export interface NewPush extends Omit<JournaledPush, 'replied'> {
  /** The user; null: there is none. */
  readonly openid: string | null;
  /** The decrypted bytes of a push, or the JSON of a notice; sealed for `pushPlace` (stream-entry.ts). */
  readonly sealed: Buffer;
}

/** With its content, which is still sealed. */
export interface SealedPush extends JournaledPush {
  readonly sealed: Buffer;
}
