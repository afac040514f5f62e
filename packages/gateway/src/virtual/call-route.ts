import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Call } from '@wxthirdparty/platform';
import { settled } from '../call/settled.ts';
import type { GatewayPlatform } from '../gateway-platform.ts';
import type { TrustProxy } from '../http/address-of.ts';
import { readBody } from '../http/read-body.ts';
import type { Shutdown } from '../http/shutdown.ts';
import type { Authenticator } from '../key/authenticator.ts';
import { setQuotaHeader } from '../quota/remaining-header.ts';
import { answerRefusal } from './answer-refusal.ts';
import { wantedCall } from './authorized-request.ts';
import { type Refusal, refusalOf, refusals } from './refusal.ts';
import type { VirtualTokens } from './virtual-token.ts';
import { withoutRefreshTokens } from './without-refresh-tokens.ts';

const BODY_LIMIT = 20 * 1024 * 1024;
const BODY_TIMEOUT_MS = 60_000;
const DEPART_TIMEOUT_MS = 30_000;
/** An SDK never learns the call's id: its answer is read once, by us. */
const KEPT_MS = 120_000;
/** How long a call that did leave may take; longer than the transport lets it. */
const SETTLE_TIMEOUT_MS = 60_000;

export interface CallServices {
  readonly platform: GatewayPlatform;
  readonly authenticator: Authenticator;
  /** Whose word about the caller's address counts. */
  readonly trusts: TrustProxy;
  readonly tokens: VirtualTokens;
  readonly leaving: Shutdown;
}

/** For the log: whose call it was and what the caller got. */
export interface CallNote {
  key?: string;
  appid?: string;
  call?: string;
  errcode?: number;
  hungUp?: boolean;
}

/** A request to WeChat, with a token of ours; answered as WeChat answered it. Throws what the platform throws. */
export async function callRoute(
  { platform, authenticator, trusts, tokens, leaving }: CallServices,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  search: string,
  note: CallNote,
): Promise<void> {
  const refuse = (refusal: Refusal): void => {
    note.errcode = refusal.errcode;
    answerRefusal(response, refusal);
  };
  const { method } = request;
  if (method !== 'GET' && method !== 'POST') return refuse(refusals.needsGet);
  const services = { authenticator, trusts, tokens, components: platform.components };
  const read = await wantedCall(services, request, path, [...new URLSearchParams(search)], note);
  if ('errcode' in read) return refuse(read);
  const { wanted } = read;
  note.appid = wanted.appid;
  if (!/^(?:identity)?$/i.test(request.headers['content-encoding'] ?? '')) return refuse(refusals.encodedBody);

  const body = await readBody(request, { limit: BODY_LIMIT, withinMs: BODY_TIMEOUT_MS, sender: 'key-holder' });
  const { id } = await platform.calls.submit({
    ...wanted,
    method,
    ...(body.length === 0 ? {} : { body, contentType: request.headers['content-type'] }),
    waitMs: DEPART_TIMEOUT_MS,
    departWithinMs: DEPART_TIMEOUT_MS,
    keptForMs: KEPT_MS,
  });
  note.call = id;

  const call = await outcome(platform, id, response, leaving);
  if (typeof call === 'object') setQuotaHeader(response, call);
  if (call === 'hung-up') {
    note.hungUp = true;
    response.destroy();
  } else if (call === 'unsettled') {
    refuse(refusals.outcomeUnknown);
  } else if (call === 'cancelled' || call.state === 'cancelled') {
    refuse(refusals.notDeparted);
  } else if (call.state === 'completed' && call.response !== null) {
    answerAsWeChat(response, wanted.path, call.response);
  } else {
    refuse(call.failure === null ? refusals.outcomeUnknown : refusalOf(call.failure));
  }
}

/**
 * Waits until the call settles. One that has not left when the caller hangs up, time is over or the gateway closes,
 * is cancelled; one that has left is waited for, because "not left, repeat it" would be untrue.
 */
async function outcome(
  platform: GatewayPlatform,
  id: string,
  response: ServerResponse,
  leaving: Shutdown,
): Promise<Call | 'hung-up' | 'cancelled' | 'unsettled'> {
  let hungUp = response.destroyed;
  let waiting = new AbortController();
  const onClose = (): void => {
    hungUp = true;
    waiting.abort();
  };
  response.once('close', onClose);
  const stops = [leaving.stopWaiting.onFire(() => waiting.abort())];
  try {
    if (hungUp) waiting.abort();
    const inTime = await settled(platform, id, DEPART_TIMEOUT_MS, waiting.signal);
    if (inTime !== undefined) return inTime;
    const cancelled = await platform.calls.cancel(id);
    if (hungUp) return 'hung-up';
    if (cancelled) return 'cancelled';

    waiting = new AbortController();
    stops.push(leaving.closing.onFire(() => waiting.abort()));
    const late = await settled(platform, id, SETTLE_TIMEOUT_MS, waiting.signal);
    if (late !== undefined) return late;
    if (hungUp) return 'hung-up';
    const last = await platform.calls.find(id);
    return last === undefined || last.settledAt === null ? 'unsettled' : last;
  } finally {
    response.off('close', onClose);
    for (const stop of stops) stop();
  }
}

/** Byte for byte, except for credentials, which are masked. Always 200, as WeChat does; only its edge answers otherwise (protocol §9). */
function answerAsWeChat(
  response: ServerResponse,
  path: string,
  { headers, body: answered }: NonNullable<Call['response']>,
): void {
  const body = withoutRefreshTokens(path, answered);
  const type = headers['content-type'];
  const disposition = headers['content-disposition'];
  if (type !== undefined) response.setHeader('content-type', asBytes(type));
  if (disposition !== undefined) response.setHeader('content-disposition', asBytes(disposition));
  response.setHeader('content-length', body.length);
  // Before `end`, which would make Node decode the disposition once more and lose its letters.
  response.writeHead(200);
  response.end(body);
}

/** File names come in Chinese: Node sends header values as latin1 and throws at anything else. */
function asBytes(value: string): string {
  return Buffer.from(
    value.replace(/[\x00-\x08\x0a-\x1f\x7f]/g, ''),
    /[^\x00-\xff]/.test(value) ? 'utf8' : 'latin1',
  ).toString('latin1');
}
