import type { Reply } from '../../reply/reply.ts';

/** A reply for which WeChat has stopped waiting. */
export interface LateReply {
  readonly component: string;
  /** The id of the push. */
  readonly push: string;
  readonly subscription: string;
  readonly reply: Reply;
}
