import { XMLParser } from 'fast-xml-parser';
import type { AccountKind } from '../account.ts';
import { open, sign } from '../envelope.ts';
import type { Parcel, Push } from './parcel.ts';
import type { Posted } from './post.ts';

const parser = new XMLParser({ parseTagValue: false, processEntities: false, ignoreAttributes: true });
const REPLY_KINDS = ['text', 'image', 'voice', 'video', 'music', 'news', 'transfer_customer_service'];

/** Why the receiver's answer is invalid; null if it is valid (protocol §10 rules 3, 8, 9 and 15). */
export function complaintAbout(
  push: Push,
  parcel: Parcel,
  posted: Posted,
  kind: AccountKind,
  tolerateWhitespace: boolean,
): string | null {
  if (posted.error !== null) return posted.error;
  if (posted.status !== 200) return `HTTP ${posted.status}`;
  const body = tolerateWhitespace ? posted.body.trim() : posted.body;
  if (body === 'success') return null;
  if (push.url === 'events') return 'illegal response, should be success';
  if (body === '') return null;
  try {
    return complaintAboutReply(push, parcel, body, kind);
  } catch {
    return 'illegal response, neither success nor an encrypted reply';
  }
}

function complaintAboutReply(push: Push, parcel: Parcel, body: string, kind: AccountKind): string | null {
  const { Encrypt, MsgSignature, TimeStamp, Nonce } = rootOf(body);
  if (typeof Encrypt !== 'string') return 'the reply has no Encrypt';
  if (MsgSignature !== sign(parcel.token, String(TimeStamp), String(Nonce), Encrypt)) {
    return 'the signature of the reply is wrong';
  }
  const { message, appid } = open(Encrypt, parcel.encodingAesKey);
  if (appid !== push.component.appid) return 'the reply is sealed for another platform';
  const reply = rootOf(message);
  const asked = rootOf(push.xml);
  if (reply.ToUserName !== asked.FromUserName || reply.FromUserName !== asked.ToUserName) {
    return 'ToUserName and FromUserName of the reply are not swapped';
  }
  const msgType = String(reply.MsgType);
  if (!REPLY_KINDS.includes(msgType)) return `a reply cannot be of MsgType ${msgType}`;
  if (kind === 'mini-program' && msgType !== 'transfer_customer_service') {
    return 'mini programs take no passive replies with content';
  }
  if (msgType === 'news') {
    const articles = reply.Articles as { item?: unknown } | undefined;
    const items = Array.isArray(articles?.item) ? articles.item.length : 1;
    if (items > (push.what.startsWith('event:') ? 8 : 1)) return 'too many news items in the reply';
  }
  return null;
}

function rootOf(xml: string): Record<string, unknown> {
  const root = (parser.parse(xml) as { xml?: unknown }).xml;
  if (typeof root !== 'object' || root === null) throw new Error('no <xml> element');
  return root as Record<string, unknown>;
}
