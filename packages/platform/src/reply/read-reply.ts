import type { Article, Reply } from './reply.ts';

/** Of a text reply, and of the text of a customer-service message (protocol §4.4). */
const MAX_CONTENT_BYTES = 2_048;
/** Of every other part; our own limit, far above what WeChat displays. */
const MAX_PART_BYTES = 4_096;
/** After an event; after a message WeChat accepts one (protocol §1.5). */
export const MAX_ARTICLES = 8;

/** `detail` names the part and the rule, never the value. */
export type ReadReply =
  | { readonly kind: 'reply'; readonly reply: Reply }
  | { readonly kind: 'invalid'; readonly reason: 'unreadable_answer' | 'too_large'; readonly detail: string };

/** Reads what a business program wrote as a reply; a misspelled field is reported, not ignored. */
export function readReply(value: unknown): ReadReply {
  try {
    return { kind: 'reply', reply: read(value) };
  } catch (error) {
    if (!(error instanceof InvalidReply)) throw error;
    return { kind: 'invalid', reason: error.reason, detail: error.message };
  }
}

function read(value: unknown): Reply {
  const parts = new Parts(value, 'reply');
  const reply = replyOf(parts.required('type'), parts);
  parts.refuseOthers();
  return reply;
}

function replyOf(type: string, parts: Parts): Reply {
  switch (type) {
    case 'text':
      return { type, content: parts.required('content', MAX_CONTENT_BYTES) };
    case 'image':
    case 'voice':
      return { type, mediaId: parts.required('mediaId') };
    case 'video':
      return {
        type,
        mediaId: parts.required('mediaId'),
        title: parts.optional('title'),
        description: parts.optional('description'),
      };
    case 'music':
      return {
        type,
        title: parts.optional('title'),
        description: parts.optional('description'),
        musicUrl: parts.optional('musicUrl'),
        hqMusicUrl: parts.optional('hqMusicUrl'),
        // WeChat refuses music without it (protocol §1.5), although npm `co-wechat` and `koa-wechat` write none.
        thumbMediaId: parts.required('thumbMediaId'),
      };
    case 'news':
      return { type, articles: articlesOf(parts.list('articles')) };
    case 'transfer':
      return { type, account: parts.optional('account') ?? null };
    default:
      throw new InvalidReply('unreadable_answer', 'reply.type is not the name of a reply type.');
  }
}

function articlesOf(values: readonly unknown[]): Article[] {
  if (values.length === 0) throw new InvalidReply('unreadable_answer', 'reply.articles is empty.');
  if (values.length > MAX_ARTICLES) {
    throw new InvalidReply('too_large', `reply.articles has more than ${MAX_ARTICLES} articles.`);
  }
  return values.map((value, index) => {
    const parts = new Parts(value, `reply.articles[${index}]`);
    const article = {
      title: parts.required('title'),
      description: parts.optional('description') ?? '',
      picUrl: parts.optional('picUrl') ?? '',
      url: parts.optional('url') ?? '',
    };
    parts.refuseOthers();
    return article;
  });
}

/** The named parts of a JSON object; each is read once. */
class Parts {
  readonly #place: string;
  readonly #unread: Map<string, unknown>;

  constructor(value: unknown, place: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new InvalidReply('unreadable_answer', `${place} is not an object.`);
    }
    this.#place = place;
    this.#unread = new Map(Object.entries(value));
  }

  required(name: string, maxBytes = MAX_PART_BYTES): string {
    const text = this.optional(name, maxBytes);
    if (text === undefined) throw new InvalidReply('unreadable_answer', `${this.#place}.${name} is missing or empty.`);
    return text;
  }

  /** Empty and null mean absent. */
  optional(name: string, maxBytes = MAX_PART_BYTES): string | undefined {
    const value = this.#take(name) ?? undefined;
    if (value === undefined || value === '') return undefined;
    if (typeof value !== 'string') throw new InvalidReply('unreadable_answer', `${this.#place}.${name} is not text.`);
    if (Buffer.byteLength(value) > maxBytes) {
      throw new InvalidReply('too_large', `${this.#place}.${name} has more than ${maxBytes} bytes.`);
    }
    return value;
  }

  list(name: string): readonly unknown[] {
    const value = this.#take(name);
    if (!Array.isArray(value)) throw new InvalidReply('unreadable_answer', `${this.#place}.${name} is not a list.`);
    return value;
  }

  refuseOthers(): void {
    if (this.#unread.size > 0) {
      throw new InvalidReply('unreadable_answer', `${this.#place} has a field that this type of reply does not have.`);
    }
  }

  #take(name: string): unknown {
    const value = this.#unread.get(name);
    this.#unread.delete(name);
    return value;
  }
}

/** Ends the reading at any depth; thrown and caught only in this file. */
class InvalidReply extends Error {
  readonly reason: 'unreadable_answer' | 'too_large';

  constructor(reason: 'unreadable_answer' | 'too_large', detail: string) {
    super(detail);
    this.reason = reason;
  }
}
