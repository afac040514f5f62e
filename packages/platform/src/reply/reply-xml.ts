import { cdata } from '@wxthirdparty/wechat';
import type { Article, Reply } from './reply.ts';

/** The two sides of a passive reply: swapped, compared with the push (protocol §1.5). */
export interface ReplyParties {
  /** Its `FromUserName`. */
  readonly openid: string;
  /** Its `ToUserName`. */
  readonly userName: string;
}

/** The reply as WeChat takes it (protocol §1.5), not sealed yet. */
export function replyXml(reply: Reply, { openid, userName }: ReplyParties, at: Date): string {
  return `<xml>${element('ToUserName', openid)}${element('FromUserName', userName)}<CreateTime>${Math.floor(
    at.getTime() / 1000,
  )}</CreateTime>${bodyOf(reply)}</xml>`;
}

function bodyOf(reply: Reply): string {
  switch (reply.type) {
    case 'text':
      return msgType('text') + element('Content', reply.content);
    case 'image':
      return `${msgType('image')}<Image>${element('MediaId', reply.mediaId)}</Image>`;
    case 'voice':
      return `${msgType('voice')}<Voice>${element('MediaId', reply.mediaId)}</Voice>`;
    case 'video':
      return `${msgType('video')}<Video>${element('MediaId', reply.mediaId)}${optional('Title', reply.title)}${optional(
        'Description',
        reply.description,
      )}</Video>`;
    case 'music':
      return `${msgType('music')}<Music>${[
        optional('Title', reply.title),
        optional('Description', reply.description),
        optional('MusicUrl', reply.musicUrl),
        optional('HQMusicUrl', reply.hqMusicUrl),
        element('ThumbMediaId', reply.thumbMediaId),
      ].join('')}</Music>`;
    case 'news':
      return `${msgType('news')}<ArticleCount>${reply.articles.length}</ArticleCount><Articles>${reply.articles
        .map(item)
        .join('')}</Articles>`;
    case 'transfer':
      return (
        msgType('transfer_customer_service') +
        (reply.account === null ? '' : `<TransInfo>${element('KfAccount', reply.account)}</TransInfo>`)
      );
    default:
      return reply satisfies never;
  }
}

function item({ title, description, picUrl, url }: Article): string {
  return `<item>${element('Title', title)}${element('Description', description)}${element('PicUrl', picUrl)}${element(
    'Url',
    url,
  )}</item>`;
}

function msgType(name: string): string {
  return element('MsgType', name);
}

function element(name: string, text: string): string {
  return `<${name}>${cdata(text)}</${name}>`;
}

function optional(name: string, text: string | undefined): string {
  return text === undefined ? '' : element(name, text);
}
