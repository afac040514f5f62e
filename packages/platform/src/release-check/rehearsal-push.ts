import { randomInt } from 'node:crypto';
import { cdata, openReply, readXml, type TestAccount, type XmlNode } from '@wxthirdparty/wechat';
import type { Component } from '../component/components.ts';
import { envelopeKeyOf, sealedPost } from '../delivery/format/wechat-post.ts';
import type { OutboundRequest, OutboundResult } from '../webhook/outbound-request.ts';

/** WeChat closes the connection after five seconds (protocol §1.3). */
const ANSWER_TIMEOUT_MS = 5_000;
const MAX_ANSWER_BYTES = 64 * 1024;

/** Where and how a rehearsal pushes. */
export interface RehearsalPushOptions {
  readonly sender: { send(request: OutboundRequest): Promise<OutboundResult> };
  readonly component: Component;
  readonly publicUrl: string;
  readonly signal: AbortSignal;
}

/** Pushes to the event URL, sealed as WeChat does. */
export function pushEvent(xml: string, options: RehearsalPushOptions): Promise<OutboundResult> {
  const { component } = options;
  const addressee = { element: 'AppId', value: component.appid } as const;
  return post(eventUrlOf(options.publicUrl, component.appid), xml, addressee, undefined, options);
}

/** Pushes a message or event of a test account to the message URL. `fields`: those beside the common ones, in their order. */
export function pushMessage(
  { appid, userName }: TestAccount,
  openid: string,
  fields: Readonly<Record<string, string>>,
  options: RehearsalPushOptions,
): Promise<OutboundResult> {
  const xml = elements({
    ToUserName: userName,
    FromUserName: openid,
    CreateTime: String(Math.floor(Date.now() / 1_000)),
    ...fields,
  });
  const url = messageUrlOf(options.publicUrl, options.component.appid).replace('$APPID$', appid);
  return post(url, xml, { element: 'ToUserName', value: userName }, openid, options);
}

export function elements(fields: Readonly<Record<string, string>>): string {
  const inner = Object.entries(fields).map(([name, value]) => `<${name}>${cdata(value)}</${name}>`);
  return `<xml>${inner.join('')}</xml>`;
}

/** 64 bits, of which WeChat uses more than 53 (protocol §1.5). */
export function newMsgId(): string {
  return `2${String(randomInt(10 ** 8)).padStart(8, '0')}${String(randomInt(10 ** 8)).padStart(8, '0')}`;
}

export function eventUrlOf(publicUrl: string, component: string): string {
  return `${publicUrl}/wechat/${component}/events`;
}

/** With WeChat's placeholder. */
export function messageUrlOf(publicUrl: string, component: string): string {
  return `${publicUrl}/wechat/${component}/messages/$APPID$`;
}

/** The fields of a passive reply; `plain`: the answer is not sealed, or not with the component's keys. */
export function openedReply(body: string, { secrets }: Component): XmlNode | 'plain' {
  try {
    return readXml(openReply(envelopeKeyOf(secrets), readXml(body)).toString('utf8'));
  } catch {
    return 'plain';
  }
}

function post(
  url: string,
  xml: string,
  addressee: Parameters<typeof sealedPost>[2]['addressee'],
  openid: string | undefined,
  { sender, component, signal }: RehearsalPushOptions,
): Promise<OutboundResult> {
  const { query, body } = sealedPost(component.secrets, Buffer.from(xml), {
    appid: component.appid,
    addressee,
    at: new Date(),
    ...(openid === undefined ? {} : { openid }),
  });
  return sender.send({
    url: `${url}?${new URLSearchParams(query)}`,
    headers: { 'content-type': 'text/xml' },
    body,
    timeoutMs: ANSWER_TIMEOUT_MS,
    maxAnswerBytes: MAX_ANSWER_BYTES,
    signal,
  });
}
