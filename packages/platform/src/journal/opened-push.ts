/** A push or notice of the journal, opened. */
export interface OpenedPush {
  readonly id: string;
  readonly seq: number;
  readonly component: string;
  readonly appid: string | null;
  /** The account's current handle. */
  readonly handle: string | null;
  readonly type: string;
  /** WeChat's time of a push; of a notice, when what it reports happened. */
  readonly createTime: Date;
  readonly receivedAt: Date;
  /** The decrypted XML of a push, byte for byte, or the JSON of a notice. */
  readonly payload: Buffer;
}
