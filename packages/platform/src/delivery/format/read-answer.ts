import { EnvelopeFailure, type EnvelopeKey, openReply, readXml, type XmlNode } from '@wxthirdparty/wechat';
import { readReply } from '../../reply/read-reply.ts';
import type { Reply } from '../../reply/reply.ts';
import { faultOf, type ReplyLimits } from '../../reply/reply-limits.ts';

/** More of an answer is not read, since no reply is larger. */
export const MAX_ANSWER_BYTES = 64 * 1024;

/** A 2xx answer to a request that may be answered with a reply. */
export interface ReceivedAnswer {
  readonly status: number;
  readonly body: Buffer;
  /** The body is longer than MAX_ANSWER_BYTES. */
  readonly cut: boolean;
}

export type ReadAnswer =
  | { readonly kind: 'none' }
  /** 202: the reply comes by `POST /v1/pushes/:id/reply`. */
  | { readonly kind: 'later' }
  | { readonly kind: 'reply'; readonly reply: Reply }
  /** `detail` contains nothing of the answer. */
  | { readonly kind: 'invalid'; readonly reason: InvalidReason; readonly detail: string };

export type InvalidReason = 'unreadable_answer' | 'too_large' | 'type_not_allowed';

/**
 * Reads what a receiver answered, in our JSON or WeChat's XML, whatever the subscription's format. `key`: under which the
 * receiver seals; undefined where it has none. Programs of safe mode may answer unsealed.
 */
export function readAnswer(answer: ReceivedAnswer, key: EnvelopeKey | undefined, limits: ReplyLimits): ReadAnswer {
  if (answer.status === 202) return { kind: 'later' };
  if (answer.status === 204) return { kind: 'none' };
  if (answer.cut) {
    return { kind: 'invalid', reason: 'too_large', detail: `The answer has more than ${MAX_ANSWER_BYTES} bytes.` };
  }
  const read = readBody(answer.body.toString('utf8'), key);
  if (read.kind !== 'reply') return read;
  const reason = faultOf(read.reply, limits);
  if (reason === undefined) return read;
  return { kind: 'invalid', reason, detail: 'WeChat does not accept this reply to a push of this type.' };
}

function readBody(body: string, key: EnvelopeKey | undefined): ReadAnswer {
  const text = body.trim();
  if (isNothing(text)) return { kind: 'none' };
  if (text.startsWith('{')) return readJson(text);
  if (!text.startsWith('<')) return unreadable;
  const fields = fieldsOf(text);
  if (fields?.Encrypt === undefined) return readReplyXml(fields);
  const opened = key && openedText(key, fields);
  if (opened === undefined) return unreadable;
  return isNothing(opened) ? { kind: 'none' } : readReplyXml(fieldsOf(opened));
}

const unreadable: ReadAnswer = {
  kind: 'invalid',
  reason: 'unreadable_answer',
  detail: 'The answer is neither {"reply":…} nor a passive reply in the XML of WeChat.',
};

function isNothing(text: string): boolean {
  return text === '' || text === 'success';
}

function readJson(text: string): ReadAnswer {
  const value = parseJson(text);
  if (typeof value !== 'object' || value === null) return unreadable;
  if (!('reply' in value)) return Object.keys(value).length === 0 ? { kind: 'none' } : unreadable;
  return value.reply === null ? { kind: 'none' } : readReply(value.reply);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Undefined where it is not XML as WeChat takes it. */
function fieldsOf(xml: string): XmlNode | undefined {
  try {
    return readXml(xml);
  } catch (error) {
    if (error instanceof EnvelopeFailure) return undefined;
    throw error;
  }
}

function openedText(key: EnvelopeKey, wrapper: XmlNode): string | undefined {
  try {
    return openReply(key, wrapper).toString('utf8').trim();
  } catch (error) {
    if (error instanceof EnvelopeFailure) return undefined;
    throw error;
  }
}

/** Field by field: `ToUserName`, `FromUserName` and `CreateTime` are ours, since receivers write milliseconds. */
function readReplyXml(fields: XmlNode | undefined): ReadAnswer {
  if (fields === undefined) return unreadable;
  if (fields.MsgType === 'text' && (fields.Content === undefined || fields.Content === '')) {
    // What npm `co-wechat` answers for a handler that returned nothing.
    return { kind: 'none' };
  }
  const written = writtenReply(fields);
  return written === undefined ? unreadable : readReply(written);
}

/** The reply in the form of our JSON, not checked yet; undefined where `MsgType` is no reply's. */
function writtenReply(fields: XmlNode): object | undefined {
  switch (fields.MsgType) {
    case 'text':
      return { type: 'text', content: fields.Content };
    case 'image':
      return { type: 'image', mediaId: nodeAt(fields, 'Image').MediaId };
    case 'voice':
      return { type: 'voice', mediaId: nodeAt(fields, 'Voice').MediaId };
    case 'video': {
      const { MediaId, Title, Description } = nodeAt(fields, 'Video');
      return { type: 'video', mediaId: MediaId, title: Title, description: Description };
    }
    case 'music': {
      const { Title, Description, MusicUrl, HQMusicUrl, ThumbMediaId } = nodeAt(fields, 'Music');
      return {
        type: 'music',
        title: Title,
        description: Description,
        musicUrl: MusicUrl,
        hqMusicUrl: HQMusicUrl,
        thumbMediaId: ThumbMediaId,
      };
    }
    case 'news':
      return { type: 'news', articles: [nodeAt(fields, 'Articles').item ?? []].flat().map(writtenArticle) };
    case 'transfer_customer_service':
      return { type: 'transfer', account: nodeAt(fields, 'TransInfo').KfAccount };
    default:
      return undefined;
  }
}

function writtenArticle(item: string | XmlNode): unknown {
  if (typeof item === 'string') return item;
  return { title: item.Title, description: item.Description, picUrl: item.PicUrl, url: item.Url };
}

/** The element with this name; without fields where it is missing, repeated or text. */
function nodeAt(fields: XmlNode, name: string): XmlNode {
  const value = fields[name];
  return typeof value === 'object' && isNode(value) ? value : {};
}

function isNode(value: XmlNode | readonly (string | XmlNode)[]): value is XmlNode {
  return !Array.isArray(value);
}
