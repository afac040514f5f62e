import {
  type Answer,
  type Endpoint,
  ERRCODE,
  Failure,
  isTokenRefusal,
  TransportFailure,
  type WeChatResponse,
} from '@wxthirdparty/wechat';
import type { Events, WeChatEvent } from '../events.ts';
import type { Ledger, QuotaPair } from '../quota/ledger.ts';
import { errcodeOf, type QuotaEvidence } from '../quota/quota-evidence.ts';
import type { Token } from '../token/token.ts';
import type { Tokens } from '../token/tokens.ts';
import { blamesToken } from './put-token.ts';
import type { Send } from './send-request.ts';

/** A successful answer, recognized by its first bytes, that another thread parses. */
export interface Unread {
  readonly kind: 'unread';
  readonly body: Buffer;
}

/** Quota was taken. */
export interface Permit {
  readonly go: 'yes';
  /** On Redis' clock (ms). */
  readonly departedAt: number;
  /** The request finds out whether a closed quota is open again. */
  readonly probe: boolean;
}

/** What the ledger, or a script that takes from it, decided about one departure. */
export type Decision = Permit | { readonly go: string };
type Granted<D> = Extract<D, { readonly go: 'yes' }>;
type Denied<D> = Exclude<D, { readonly go: 'yes' }>;

/** What came back. */
export type Reply<A> =
  | { readonly kind: 'answered'; readonly answer: A; readonly response: WeChatResponse }
  | { readonly kind: 'unanswered'; readonly failure: TransportFailure };

export interface Question<D extends Decision = Decision, A extends Answer | Unread = Answer> {
  readonly pair: QuotaPair;
  readonly endpoint: Endpoint;
  /** Undefined where the request carries no token of ours. */
  readonly token: () => Promise<Token | undefined>;
  /** Asked once there is a token, so that no quota is spent without one. */
  readonly permit: () => Promise<D>;
  readonly send: Send;
  readonly read: (response: WeChatResponse) => A;
  readonly signal?: AbortSignal | undefined;
  /** Called before anything else is done with the reply, so that no error of Redis can lose it. `ms`: from sending to the reply. */
  readonly received?: (reply: Reply<A>, permit: Granted<D>, ms: number) => Promise<void> | void;
  /** Runs the write of what the answer means for the quota; once, if this is missing. */
  readonly persist?: <T>(write: () => Promise<T>) => Promise<T>;
}

/** How one departure ended. */
export type Asked<D extends Decision = Decision, A extends Answer | Unread = Answer> =
  | {
      readonly kind: 'answered';
      readonly answer: A;
      readonly response: WeChatResponse;
      readonly permit: Granted<D>;
      readonly evidence: QuotaEvidence;
      /** WeChat refused the token. `kept`: the endpoint is at fault and would refuse the next one, too. */
      readonly refusedToken: 'replaced' | 'kept' | undefined;
    }
  | { readonly kind: 'unanswered'; readonly failure: TransportFailure; readonly permit: Granted<D> }
  /** Nothing was sent; the same with the next two. */
  | { readonly kind: 'no-token'; readonly failure: Failure }
  | { readonly kind: 'not-permitted'; readonly decision: Denied<D> }
  /** The process is shutting down, and there was no token yet. */
  | { readonly kind: 'aborted' };

export interface AskParts {
  readonly events: Pick<Events, 'publish'>;
  readonly tokens: Pick<Tokens, 'accepted' | 'distrust'>;
  readonly ledger: Pick<Ledger, 'conclude'>;
}

/**
 * One departure, the only way to WeChat: gets the token at the last moment, takes quota, sends, reads the answer, draws its
 * consequences for the quota, and accepts or distrusts the token. Repetitions are the caller's (`retry-rules.ts`). Throws
 * what `permit` and `send` throw, other than a TransportFailure.
 */
export async function askWechat<D extends Decision, A extends Answer | Unread>(
  question: Question<D, A>,
  { events, tokens, ledger }: AskParts,
): Promise<Asked<D, A>> {
  const { pair, endpoint, received, persist = (write) => write() } = question;
  let token: Token | undefined;
  try {
    token = await question.token();
  } catch (error) {
    if (question.signal?.aborted) return { kind: 'aborted' };
    if (!(error instanceof Failure)) throw error;
    return { kind: 'no-token', failure: error };
  }
  const departedAt = performance.now();
  const decision = await question.permit();
  if (decision.go !== 'yes') return { kind: 'not-permitted', decision: decision as Denied<D> };
  const permit = decision as Granted<D> & Permit;
  const sentAt = performance.now();
  const reply = await replyTo(question, token);
  const ms = performance.now() - sentAt;
  publishReply(events, pair, reply, ms);
  await received?.(reply, permit, ms);
  if (reply.kind === 'unanswered') return { ...reply, permit };
  const errcode = reply.answer.kind === 'unread' ? ERRCODE.ok : errcodeOf(reply.answer);
  const evidence = await persist(() => ledger.conclude(pair, permit, errcode, endpoint));
  if (token && errcode === ERRCODE.ok) tokens.accepted(token, { path: endpoint.path, departedAt });
  const isRefused =
    token !== undefined && errcode !== undefined && isTokenRefusal(errcode) && blamesToken(token.owner, endpoint);
  const refusedToken = isRefused ? await tokens.distrust(token!, endpoint.path) : undefined;
  return { ...reply, permit, evidence, refusedToken };
}

async function replyTo<A>(
  { send, read }: { readonly send: Send; readonly read: (response: WeChatResponse) => A },
  token: Token | undefined,
): Promise<Reply<A>> {
  let response: WeChatResponse;
  try {
    response = await send(token?.value);
  } catch (error) {
    if (error instanceof TransportFailure) return { kind: 'unanswered', failure: error };
    throw error;
  }
  return { kind: 'answered', answer: read(response), response };
}

function publishReply(
  events: Pick<Events, 'publish'>,
  { component, path }: QuotaPair,
  reply: Reply<Answer | Unread>,
  ms: number,
): void {
  const { host } = reply.kind === 'answered' ? reply.response : reply.failure;
  // It ended before it had a host.
  if (host === undefined) return;
  const result = resultOf(reply);
  const errcode = reply.kind === 'answered' && reply.answer.kind === 'json' ? reply.answer.errcode : undefined;
  events.publish('wechat', { component, host, path, result, errcode, ms });
}

function resultOf(reply: Reply<Answer | Unread>): WeChatEvent['result'] {
  if (reply.kind === 'unanswered') return reply.failure.code === 'wechat_timeout' ? 'timeout' : 'reset';
  const { answer } = reply;
  switch (answer.kind) {
    case 'json':
      return answer.errcode === ERRCODE.ok ? 'ok' : 'errcode';
    case 'binary':
    case 'unread':
      return 'ok';
    case 'broken':
      return answer.status >= 500 ? 'http_5xx' : 'unreadable';
    default:
      return answer satisfies never;
  }
}
