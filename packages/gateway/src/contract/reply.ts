import { readReply } from '@wxthirdparty/platform';
import { z } from 'zod';

const text = z.string().optional();

/** An answer to a user, in bodies and answers of this API. */
export const ReplyAnswer = z
  .discriminatedUnion('type', [
    z.strictObject({ type: z.literal('text'), content: z.string() }),
    z.strictObject({ type: z.literal('image'), mediaId: z.string() }),
    z.strictObject({ type: z.literal('voice'), mediaId: z.string() }),
    z.strictObject({ type: z.literal('video'), mediaId: z.string(), title: text, description: text }),
    z.strictObject({
      ...{ type: z.literal('music'), title: text, description: text },
      ...{ musicUrl: text, hqMusicUrl: text, thumbMediaId: z.string() },
    }),
    z.strictObject({
      type: z.literal('news'),
      articles: z
        .array(z.strictObject({ title: z.string(), description: text, picUrl: text, url: text }))
        .readonly()
        .meta({ description: 'one after a message, at most 8 after an event' }),
    }),
    z
      .strictObject({ type: z.literal('transfer'), account: z.string().nullable().optional() })
      .meta({ description: 'to a customer-service agent; null: to any' }),
  ])
  .meta({ id: 'Reply' });

/** A reply in a body, with WeChat's limits. */
export const ReplyInput = ReplyAnswer.transform((value, context) => {
  const read = readReply(value);
  if (read.kind === 'reply') return read.reply;
  context.issues.push({ code: 'custom', message: read.detail, input: value });
  return z.NEVER;
});
