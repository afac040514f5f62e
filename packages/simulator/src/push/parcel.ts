import { randomBytes } from 'node:crypto';
import type { Component } from '../component.ts';
import { seal, sign } from '../envelope.ts';
import type { World } from '../world.ts';

export const PUSH_FAULTS = [
  'bad-msg-signature',
  'truncated',
  'doctype',
  'huge',
  'wrong-component',
  'plaintext',
  'wrong-key',
  'answer-lost',
] as const;

/**
 * How a push differs from what the real WeChat sends. `answer-lost` is no difference of the push: the answer to its first
 * delivery is read and then treated as lost on the wire, so that the push is delivered again.
 */
export type PushFault = (typeof PUSH_FAULTS)[number];

/** One push; each of its deliveries is a parcel of its own. */
export interface Push {
  readonly component: Component;
  readonly url: 'events' | 'messages';
  /** The account of the push; replaces $APPID$. */
  readonly appid: string | null;
  /** `gh_…` of the account, for the outer element of the message URL. */
  readonly userName: string;
  readonly openid: string | null;
  readonly xml: string;
  readonly what: string;
  readonly msgId: string | null;
  readonly createTime: number;
  /** The number of this copy of the same push, from 0. */
  readonly copy?: number;
}

/** The request of one delivery. */
export interface Parcel {
  readonly url: string;
  readonly body: string;
  /** The key with which the push was sealed; replies must be sealed with the same (protocol §10 rule 14). */
  readonly encodingAesKey: string;
  readonly token: string;
}

const HUGE_BYTES = 10 * 1024 * 1024;

/** Wraps a push for one delivery: fresh timestamp, nonce, prefix, ciphertext and signatures (protocol §10 rules 4, 5 and 7). */
export function wrap(world: World, push: Push, attempt: number, fault: PushFault | null): Parcel {
  const { component } = push;
  const timestamp = String(world.clock.unix());
  const nonce = String(1 + world.chance.below(2_147_483_647));
  const xml = fault === 'huge' ? grown(push.xml) : push.xml;
  const key = fault === 'wrong-key' ? randomKey() : component.encodingAesKey;
  const tail = fault === 'wrong-component' ? `wx${randomBytes(8).toString('hex')}` : component.appid;
  const encrypt = seal(xml, tail, key, world.credentials.bytes(16));
  const query = new URLSearchParams({
    signature: sign(component.token, timestamp, nonce),
    timestamp,
    nonce,
    encrypt_type: 'aes',
    msg_signature:
      fault === 'bad-msg-signature'
        ? randomBytes(20).toString('hex')
        : sign(component.token, timestamp, nonce, encrypt),
  });
  if (push.url === 'messages' && push.openid !== null) query.set('openid', push.openid);
  const target = targetOf(push, attempt);
  return {
    url: `${target}${target.includes('?') ? '&' : '?'}${query}`,
    body: fault === 'plaintext' ? push.xml : outer(push, encrypt, fault),
    encodingAesKey: component.encodingAesKey,
    token: component.token,
  };
}

// Redeliveries and copies use the message URLs in rotation, as a load balancer before several gateways would.
function targetOf({ component, url, appid, copy = 0 }: Push, attempt: number): string {
  if (url === 'events') return component.eventUrl;
  const urls = [component.messageUrl].flat();
  return urls[(copy + attempt - 1) % urls.length]!.replaceAll('$APPID$', appid ?? '');
}

// The event URL gets AppId, the message URL ToUserName (protocol §10 rule 6).
function outer(push: Push, encrypt: string, fault: PushFault | null): string {
  const owner =
    push.url === 'events'
      ? `<AppId><![CDATA[${push.component.appid}]]></AppId>`
      : `<ToUserName><![CDATA[${push.userName}]]></ToUserName>`;
  if (fault === 'doctype') {
    // The signature matches for a reader that expands the entity, so such a reader accepts the push.
    return `<!DOCTYPE xml [<!ENTITY sealed "${encrypt}">]><xml>${owner}<Encrypt>&sealed;</Encrypt></xml>`;
  }
  const body = `<xml>\n  ${owner}\n  <Encrypt><![CDATA[${encrypt}]]></Encrypt>\n</xml>`;
  return fault === 'truncated' ? body.slice(0, body.length / 2) : body;
}

function grown(xml: string): string {
  // Base64 turns three bytes into four.
  const padding = ' '.repeat(Math.ceil(HUGE_BYTES * 0.75));
  return xml.endsWith('</xml>') ? `${xml.slice(0, -6)}${padding}</xml>` : xml + padding;
}

function randomKey(): string {
  return randomBytes(64).toString('base64').replace(/[+/=]/g, 'x').slice(0, 43);
}
