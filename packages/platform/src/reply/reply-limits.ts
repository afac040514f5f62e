import { MAX_ARTICLES } from './read-reply.ts';
import type { Reply } from './reply.ts';

export type ReplyType = Reply['type'];

/** What WeChat accepts as an answer to one push. */
export interface ReplyLimits {
  readonly types: readonly ReplyType[];
  readonly maxArticles: number;
}

/** `types`: what the table of push types names for this one. After a message WeChat accepts one article (protocol §1.5). */
export function replyLimitsOf(pushType: string, types: readonly ReplyType[]): ReplyLimits {
  return { types, maxArticles: pushType.startsWith('message.') ? 1 : MAX_ARTICLES };
}

/** Why WeChat would refuse it; undefined: it would not. */
export function faultOf(
  reply: Reply,
  { types, maxArticles }: ReplyLimits,
): 'type_not_allowed' | 'too_large' | undefined {
  if (!types.includes(reply.type)) return 'type_not_allowed';
  return reply.type === 'news' && reply.articles.length > maxArticles ? 'too_large' : undefined;
}
