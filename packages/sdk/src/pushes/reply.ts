import type { Reply } from '../generated/api.ts';

type ReplyOf<Type extends Reply['type']> = Extract<Reply, { readonly type: Type }>;

/** One of the articles of a news reply. */
export type Article = ReplyOf<'news'>['articles'][number];

/** The reply comes afterwards, by `POST /v1/pushes/:id/reply`. */
export interface LaterReply {
  readonly type: 'later';
}

/** Known from experience only (protocol §4.4); the gateway refuses more. */
const MAX_TEXT_BYTES = 2_048;
/** As the answer to an event; to a message WeChat accepts one (protocol §1.5). */
const MAX_ARTICLES = 8;

/** Builds replies. Each throws a TypeError for what WeChat would refuse. */
export const reply = {
  /** A text of at most 2,048 bytes in UTF-8: 682 Chinese characters. */
  text(content: string): Reply {
    return checkReply({ type: 'text', content });
  },

  /** An image that was uploaded as temporary or permanent media. */
  image(mediaId: string): Reply {
    return checkReply({ type: 'image', mediaId });
  },

  voice(mediaId: string): Reply {
    return checkReply({ type: 'voice', mediaId });
  },

  /** It cannot be sent late: an answer after WeChat's five seconds is dropped. */
  video(mediaId: string, texts: Omit<ReplyOf<'video'>, 'type' | 'mediaId'> = {}): Reply {
    return checkReply({ type: 'video', mediaId, ...texts });
  },

  /** `thumbMediaId` is the picture beside the title. */
  music(thumbMediaId: string, details: Omit<ReplyOf<'music'>, 'type' | 'thumbMediaId'> = {}): Reply {
    return checkReply({ type: 'music', thumbMediaId, ...details });
  },

  /** One article as the answer to a message, up to eight as the answer to an event. */
  news(articles: Article | readonly Article[]): Reply {
    return checkReply({ type: 'news', articles: isArticle(articles) ? [articles] : articles });
  },

  /** Hands the conversation to the account's customer service. The only reply that mini programs accept in time. */
  transfer(account: string | null = null): Reply {
    return checkReply({ type: 'transfer', account });
  },

  /** The reply comes afterwards, by `POST /v1/pushes/:id/reply`. */
  later(): LaterReply {
    return { type: 'later' };
  },
};

/** The reply itself. Throws a TypeError that says what WeChat would refuse. */
export function checkReply<One extends Reply>(given: One): One {
  switch (given.type) {
    case 'text':
      assertText(given.content);
      break;
    case 'image':
    case 'voice':
    case 'video':
      assertFilled(given.type, 'mediaId', given.mediaId);
      break;
    case 'music':
      assertFilled(given.type, 'thumbMediaId', given.thumbMediaId);
      break;
    case 'news':
      assertArticles(given.articles);
      break;
    case 'transfer':
      break;
    default:
      given satisfies never;
      throw new TypeError('a handler returns what a function of `reply` made, or nothing');
  }
  return given;
}

function assertText(content: unknown): void {
  assertFilled('text', 'content', content);
  const { length } = new TextEncoder().encode(content);
  if (length <= MAX_TEXT_BYTES) return;
  throw new TypeError(
    `a text reply may have ${MAX_TEXT_BYTES} bytes in UTF-8, and this one has ${length}; a Chinese character has 3`,
  );
}

function assertArticles(articles: unknown): void {
  if (!Array.isArray(articles) || articles.length < 1 || articles.length > MAX_ARTICLES) {
    const count = Array.isArray(articles) ? articles.length : 'none';
    throw new TypeError(`a news reply has 1 to ${MAX_ARTICLES} articles, and this one has ${count}`);
  }
  for (const article of articles as readonly Partial<Article>[]) {
    assertFilled('news', 'title', article?.title);
  }
}

function assertFilled(type: string, name: string, value: unknown): asserts value is string {
  if (typeof value === 'string' && value !== '') return;
  throw new TypeError(`a reply of the type ${type} needs the text "${name}"`);
}

function isArticle(given: Article | readonly Article[]): given is Article {
  return !Array.isArray(given);
}
