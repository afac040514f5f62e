import { type EnvelopeKeys, sealEnvelope } from '@wxthirdparty/wechat';
import type { Reply } from './reply.ts';
import { type ReplyParties, replyXml } from './reply-xml.ts';

/** How the answer to one delivery of a push is sealed. */
export interface ReplyKey {
  readonly keys: EnvelopeKeys;
  /** The key that opened this delivery of the push; WeChat expects the same (protocol §2.2). */
  readonly keyIndex: number;
  /** The nonce of the push. */
  readonly nonce: string;
}

/** The body that WeChat takes as a passive reply (protocol §1.5). */
export function sealedReply(reply: Reply, parties: ReplyParties, { keys, keyIndex, nonce }: ReplyKey): string {
  const at = new Date();
  const timestamp = String(Math.floor(at.getTime() / 1_000));
  return sealEnvelope(keys, replyXml(reply, parties, at), { timestamp, nonce, keyIndex }).xml;
}
