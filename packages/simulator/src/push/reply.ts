import { XMLParser } from 'fast-xml-parser';
import type { AccountKind } from '../account.ts';
import { open, sign } from '../envelope.ts';
import type { Parcel, Push } from './parcel.ts';
import type { Posted } from './post.ts';

// Whitespace counts: the release check compares texts exactly (protocol §6).
const parser = new XMLParser({ parseTagValue: false, trimValues: false, ignoreAttributes: true });
const MAX_TEXT_BYTES = 2048;

/** `complaint`: why the answer is invalid; null if it is valid. `reply`: the fields of a passive reply, if it opens. */
interface JudgedAnswer {
  readonly complaint: string | null;
  readonly reply: Readonly<Record<string, unknown>> | null;
}

type Fields = Readonly<Record<string, unknown>>;

/** Judges the receiver's answer (protocol §10 rules 3, 8, 9 and 15). */
export function judgeAnswer(
  push: Push,
  parcel: Parcel,
  posted: Posted,
  kind: AccountKind,
  tolerateWhitespace: boolean,
): JudgedAnswer {
  if (posted.error !== null) return refused(posted.error);
  if (posted.status !== 200) return refused(`HTTP ${posted.status}`);
  const body = tolerateWhitespace ? posted.body.trim() : posted.body;
  if (body === 'success') return { complaint: null, reply: null };
  if (push.url === 'events') return refused('illegal response, should be success');
  if (body === '') return { complaint: null, reply: null };
  try {
    return judgeReply(push, parcel, body, kind);
  } catch {
    return refused('illegal response, neither success nor an encrypted reply');
  }
}

function refused(complaint: string): JudgedAnswer {
  return { complaint, reply: null };
}

function judgeReply(push: Push, parcel: Parcel, body: string, kind: AccountKind): JudgedAnswer {
  const { Encrypt, MsgSignature, TimeStamp, Nonce } = rootOf(body);
  if (typeof Encrypt !== 'string') return refused('the reply has no Encrypt');
  if (MsgSignature !== sign(parcel.token, String(TimeStamp), String(Nonce), Encrypt)) {
    return refused('the signature of the reply is wrong');
  }
  const { message, appid } = open(Encrypt, parcel.encodingAesKey);
  if (appid !== push.component.appid) return refused('the reply is sealed for another platform');
  const reply = rootOf(message);
  return { complaint: complaintAbout(push, reply, kind), reply };
}

function complaintAbout(push: Push, reply: Fields, kind: AccountKind): string | null {
  const asked = rootOf(push.xml);
  if (reply.ToUserName !== asked.FromUserName || reply.FromUserName !== asked.ToUserName) {
    return 'ToUserName and FromUserName of the reply are not swapped';
  }
  // Whole seconds; receivers that write milliseconds have 13 digits.
  if (!/^\d{1,10}$/.test(String(reply.CreateTime))) return 'CreateTime of the reply is not in Unix seconds';
  const msgType = String(reply.MsgType);
  const content = CONTENTS[msgType];
  if (content === undefined) return `a reply cannot be of MsgType ${msgType}`;
  if (kind === 'mini-program' && msgType !== 'transfer_customer_service') {
    return 'mini programs take no passive replies with content';
  }
  return content(reply, push.what.startsWith('event:') ? 8 : 1);
}

/** What each kind of reply must contain (protocol §1.5). */
const CONTENTS: Readonly<Record<string, (reply: Fields, maxArticles: number) => string | null>> = {
  text({ Content }) {
    if (!isText(Content)) return 'the text of the reply is empty';
    return Buffer.byteLength(Content) > MAX_TEXT_BYTES ? 'the text of the reply is too long' : null;
  },
  image: ({ Image }) => missing('Image', Image, 'MediaId'),
  voice: ({ Voice }) => missing('Voice', Voice, 'MediaId'),
  video: ({ Video }) => missing('Video', Video, 'MediaId'),
  music: ({ Music }) => missing('Music', Music, 'ThumbMediaId'),
  news({ Articles, ArticleCount }, maxArticles) {
    const items = [isFields(Articles) ? (Articles.item ?? []) : []].flat();
    if (items.length === 0 || !items.every(isFields)) return 'the reply has no news items';
    if (Number(ArticleCount) !== items.length) return 'ArticleCount of the reply is not the number of its items';
    return items.length > maxArticles ? 'too many news items in the reply' : null;
  },
  transfer_customer_service: () => null,
};

function missing(element: string, value: unknown, child: string): string | null {
  return isFields(value) && isText(value[child]) ? null : `${element} of the reply has no ${child}`;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function rootOf(xml: string): Fields {
  const { xml: root } = parser.parse(xml) as { xml?: unknown };
  if (!isFields(root)) throw new Error('no <xml> element');
  return withoutLayout(root);
}

/** Without the whitespace between elements. */
function withoutLayout(fields: Fields): Fields {
  const kept = Object.entries(fields).filter(([name]) => name !== '#text');
  return Object.fromEntries(kept.map(([name, value]) => [name, valueWithoutLayout(value)]));
}

function valueWithoutLayout(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(valueWithoutLayout);
  return isFields(value) ? withoutLayout(value) : value;
}
