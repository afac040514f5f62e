import type { Reply } from './reply.ts';

export const CUSTOM_MESSAGE_PATH = '/cgi-bin/message/custom/send';

/** The body of a customer-service message (protocol §4.4). */
export interface CustomMessage {
  readonly touser: string;
  readonly msgtype: string;
  readonly [content: string]: unknown;
}

/**
 * The reply as a customer-service message; undefined where there is none: a video needs a thumbnail that a reply does not
 * have, a transfer is no message, and of articles one can be sent. Mini programs accept text and images (protocol §4.4).
 */
export function customMessageOf(reply: Reply, openid: string, isMiniProgram: boolean): CustomMessage | undefined {
  const message = (msgtype: string, content: object) => ({ touser: openid, msgtype, [msgtype]: content });
  if (isMiniProgram && reply.type !== 'text' && reply.type !== 'image') return undefined;
  switch (reply.type) {
    case 'text':
      return message('text', { content: reply.content });
    case 'image':
    case 'voice':
      return message(reply.type, { media_id: reply.mediaId });
    case 'music':
      return message('music', {
        title: reply.title ?? '',
        description: reply.description ?? '',
        musicurl: reply.musicUrl ?? '',
        hqmusicurl: reply.hqMusicUrl ?? '',
        thumb_media_id: reply.thumbMediaId,
      });
    case 'news': {
      const [article, ...more] = reply.articles;
      if (article === undefined || more.length > 0) return undefined;
      const { title, description, url, picUrl } = article;
      return message('news', { articles: [{ title, description, url, picurl: picUrl }] });
    }
    case 'video':
    case 'transfer':
      return undefined;
    default:
      return reply satisfies never;
  }
}
