import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Call } from '@wxthirdparty/platform';
import { type OutcomeNote, outcomeNoteOf } from '../call/outcome-note.ts';
import type { GatewayPlatform } from '../gateway-platform.ts';
import type { TrustProxy } from '../http/address-of.ts';
import { readBody } from '../http/read-body.ts';
import type { Shutdown } from '../http/shutdown.ts';
import type { Authenticator } from '../key/authenticator.ts';
import type { Caller } from '../key/caller.ts';
import { setQuotaHeader } from '../quota/remaining-header.ts';
import { answerRefusal } from './answer-refusal.ts';
import { authorizeRequest, type RequestedCall } from './authorized-request.ts';
import { type Refusal, refusalOf, refusals } from './refusal.ts';
import type { VirtualTokens } from './virtual-token.ts';
import { withoutRefreshTokens } from './without-refresh-tokens.ts';

const BODY_LIMIT = 20 * 1024 * 1024;
const BODY_TIMEOUT_MS = 60_000;
const DEPART_TIMEOUT_MS = 30_000;
/** Of larger answers, a copy costs more than a second write. */
const MAX_SINGLE_WRITE_BYTES = 8 * 1024;
/** An SDK does not receive the call's id: its answer is read once, by this gateway. */
const RESULT_TTL_MS = 120_000;
/** For a call that has departed; longer than the transport's timeout. */
const SETTLE_TIMEOUT_MS = 60_000;

export interface CallServices {
  readonly platform: GatewayPlatform;
  readonly authenticator: Authenticator;
  /** The proxies whose statements about the caller's address count. */
  readonly trusts: TrustProxy;
  readonly tokens: VirtualTokens;
  readonly shutdown: Shutdown;
}

/** For the log: key and account of the call, how it ended, and what the caller received. */
export interface CallNote extends Partial<OutcomeNote> {
  key?: string;
  appid?: string;
  call?: string;
  errcode?: number;
  hungUp?: boolean;
}

/** A request to WeChat with a token of this gateway, answered as WeChat answered it. Throws what the platform throws. */
export async function callRoute(
  { platform, authenticator, trusts, tokens, shutdown }: CallServices,
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
  const { components, userTokens } = platform;
  const services = { authenticator, trusts, tokens, userTokens, components };
  const read = await authorizeRequest(services, request, path, [...new URLSearchParams(search)], note);
  if ('errcode' in read) return refuse(read);
  const { caller, requested } = read;
  note.appid = requested.appid;
  if (!/^(?:identity)?$/i.test(request.headers['content-encoding'] ?? '')) return refuse(refusals.encodedBody);

  const body = await readBody(request, { limit: BODY_LIMIT, timeoutMs: BODY_TIMEOUT_MS, sender: 'key-holder' });
  const sent = { method, body, contentType: request.headers['content-type'], caller };
  await answerWithCall({ platform, shutdown }, response, requested, sent, note);
}

interface SentRequest {
  readonly method: string;
  readonly body: Buffer;
  readonly contentType: string | undefined;
  readonly caller: Pick<Caller, 'id' | 'fingerprint'>;
}

/**
 * Sends a permitted call, and answers as WeChat did, or with a refusal. Throws what the platform throws.
 *
 * @param adapt what the caller may see of an answer that carries credentials
 */
export async function answerWithCall(
  { platform, shutdown }: Pick<CallServices, 'platform' | 'shutdown'>,
  response: ServerResponse,
  requested: RequestedCall,
  { method, body, contentType, caller }: SentRequest,
  note: CallNote,
  adapt = (answered: Buffer): Buffer => withoutRefreshTokens(requested.path, answered),
): Promise<void> {
  const refuse = (refusal: Refusal): void => {
    note.errcode = refusal.errcode;
    answerRefusal(response, refusal);
  };
  note.appid = requested.appid;
  const wait = new CallerWait(response, shutdown);
  try {
    const { call, cancelled } = await platform.calls.run(
      {
        ...requested,
        method,
        keyFingerprint: caller.fingerprint,
        keyId: caller.id,
        ...(body.length === 0 ? {} : { body, contentType }),
        departWithinMs: DEPART_TIMEOUT_MS,
        keptForMs: RESULT_TTL_MS,
      },
      {
        waitMs: DEPART_TIMEOUT_MS,
        signal: wait.departure.signal,
        disconnected: wait.departure.signal,
        onTimeout: 'cancel',
        settleTimeoutMs: SETTLE_TIMEOUT_MS,
        settleSignal: wait.outcome.signal,
        accepted(id) {
          note.call = id;
        },
      },
    );
    const isSettled = call !== undefined && call.settledAt !== null;
    if (isSettled) {
      setQuotaHeader(response, call);
      Object.assign(note, outcomeNoteOf(call));
    }
    if (!isSettled && wait.hasHungUp) {
      note.hungUp = true;
      response.destroy();
    } else if (cancelled || call?.state === 'cancelled') {
      refuse(refusals.notDeparted);
    } else if (!isSettled) {
      refuse(refusals.outcomeUnknown);
    } else if (call.state === 'completed' && call.response !== null) {
      answerAsWeChat(response, adapt(call.response.body), call.response.headers);
    } else {
      refuse(call.failure === null ? refusals.outcomeUnknown : refusalOf(call.failure));
    }
  } finally {
    wait.end();
  }
}

/**
 * How long a caller waits. A call that has not departed when the caller disconnects or the gateway shuts down is cancelled. One
 * that has departed is waited for until the connections are closed, because "not sent, repeat it" would be untrue.
 */
class CallerWait {
  readonly departure = new AbortController();
  readonly outcome = new AbortController();
  readonly #response: ServerResponse;
  readonly #unsubscribe: readonly (() => void)[];
  hasHungUp = false;

  constructor(response: ServerResponse, shutdown: Shutdown) {
    this.#response = response;
    this.#unsubscribe = [
      shutdown.stopWaiting.onFire(() => this.departure.abort()),
      shutdown.closing.onFire(() => this.outcome.abort()),
    ];
    response.once('close', this.#onClose);
    if (response.destroyed) this.#onClose();
  }

  end(): void {
    this.#response.off('close', this.#onClose);
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
  }

  readonly #onClose = (): void => {
    this.hasHungUp = true;
    this.departure.abort();
    this.outcome.abort();
  };
}

/** Byte for byte, except for credentials, which are masked. Always 200, as WeChat does; only its edge answers otherwise (protocol §9). */
function answerAsWeChat(
  response: ServerResponse,
  body: Buffer,
  headers: NonNullable<Call['response']>['headers'],
): void {
  const type = headers['content-type'];
  const disposition = headers['content-disposition'];
  if (type !== undefined) response.setHeader('content-type', asBytes(type));
  if (disposition !== undefined) response.setHeader('content-disposition', asBytes(disposition));
  response.setHeader('content-length', body.length);
  // Before `end`, because otherwise Node would decode the disposition again and lose its letters.
  response.writeHead(200);
  // Head and body are one write if both are strings; latin1 keeps each byte.
  if (body.length <= MAX_SINGLE_WRITE_BYTES) response.end(body.toString('latin1'), 'latin1');
  else response.end(body);
}

/** File names come in Chinese: Node sends header values as latin1 and throws at anything else. */
function asBytes(value: string): string {
  return Buffer.from(
    value.replace(/[\x00-\x08\x0a-\x1f\x7f]/g, ''),
    /[^\x00-\xff]/.test(value) ? 'utf8' : 'latin1',
  ).toString('latin1');
}
