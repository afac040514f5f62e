import { Failure } from '@wxthirdparty/wechat';
import { faultOf } from '../reply/reply-limits.ts';
import { type GivenSecrets, newSecrets } from './secrets.ts';
import type { ReplyTerms, Subscription, SubscriptionFormat } from './subscription.ts';
import type { NewSubscription, SubscriptionChange } from './subscription-store.ts';

/** In path and query of an address: the account's appid. */
export const APPID_PLACEHOLDER = '$APPID$';
/** Programs of WeChat's kind answer what they receive. */
const WECHAT_REPLY_TERMS: ReplyTerms = { waitMs: 4_000, late: 'customer_message', fallback: null, maxInFlight: 100 };
/** A fallback answers messages only; after those WeChat accepts one article (protocol §1.5). */
const FALLBACK_LIMITS = {
  types: ['text', 'image', 'voice', 'video', 'music', 'news', 'transfer'],
  maxArticles: 1,
} as const;

/** What the owner of a new subscription sends, each part valid in itself. */
export type SubscriptionInput = Pick<
  Subscription,
  'name' | 'url' | 'format' | 'filter' | 'maxInFlight' | 'timeoutMs' | 'giveUpAfterMs'
> &
  GivenSecrets &
  Optional<Pick<Subscription, 'messageUrl' | 'mode' | 'component' | 'reply'>>;

type Optional<T> = { readonly [K in keyof T]?: T[K] | undefined };

/** What the deployment permits. */
export interface InputBounds {
  /** Appids of the components of this deployment. */
  readonly components: readonly string[];
  /** How long pushes are journaled (ms); nothing is retried for longer. */
  readonly retentionMs: number;
}

/** Adds what depends on the format, and makes its secrets. Throws Failure `invalid_request`, which names every fault. */
export function newSubscriptionOf(input: SubscriptionInput, bounds: InputBounds): NewSubscription {
  const { format, token, encodingAesKey } = input;
  const faults = new Faults();
  const component = input.component ?? null;
  const messageUrl = input.messageUrl ?? null;
  if (format === 'json' && (token !== null || encodingAesKey !== null)) {
    faults.add('token, encodingAesKey: only in the formats wechat and wechat-component');
  }
  if (format === 'wechat-component') {
    if (component === null) faults.add('component: required in the format wechat-component');
    else if (!bounds.components.includes(component)) faults.add('component: not one of this deployment');
    if (messageUrl === null) faults.add('messageUrl: required in the format wechat-component');
  } else if (component !== null) {
    faults.add('component: only in the format wechat-component');
  }
  checkParts(input, format, bounds, faults);
  faults.throwIfAny();
  return {
    name: input.name,
    url: input.url,
    messageUrl,
    format,
    mode: format === 'wechat' ? (input.mode ?? 'safe') : null,
    component,
    filter: input.filter,
    reply: input.reply === undefined ? (format === 'json' ? null : WECHAT_REPLY_TERMS) : input.reply,
    maxInFlight: input.maxInFlight,
    timeoutMs: input.timeoutMs,
    giveUpAfterMs: input.giveUpAfterMs,
    secrets: newSecrets(format, { token, encodingAesKey }),
  };
}

/** Throws Failure `invalid_request`, which names every fault. */
export function checkChange(
  change: SubscriptionChange,
  format: SubscriptionFormat,
  bounds: Pick<InputBounds, 'retentionMs'>,
): void {
  const faults = new Faults();
  if (format === 'wechat-component' && change.messageUrl === null) {
    faults.add('messageUrl: required in the format wechat-component');
  }
  if (format === 'wechat' && change.mode === null) faults.add('mode: safe or plain');
  checkParts(change, format, bounds, faults);
  faults.throwIfAny();
}

function checkParts(
  { url, messageUrl, mode, reply, giveUpAfterMs }: SubscriptionChange,
  format: SubscriptionFormat,
  { retentionMs }: Pick<InputBounds, 'retentionMs'>,
  faults: Faults,
): void {
  if (url !== undefined) {
    checkUrl('url', url, faults);
    if (format === 'wechat-component' && url.includes(APPID_PLACEHOLDER)) {
      faults.add(
        `url: ${APPID_PLACEHOLDER} belongs into messageUrl, since notices about the component have no account`,
      );
    }
  }
  if (typeof messageUrl === 'string') {
    if (format === 'wechat-component') {
      checkUrl('messageUrl', messageUrl, faults);
      if (!messageUrl.includes(APPID_PLACEHOLDER)) faults.add(`messageUrl: must contain ${APPID_PLACEHOLDER}`);
    } else {
      faults.add('messageUrl: only in the format wechat-component');
    }
  }
  if (typeof mode === 'string' && format !== 'wechat') faults.add('mode: only in the format wechat');
  if (reply?.fallback && faultOf(reply.fallback, FALLBACK_LIMITS)) {
    faults.add('reply.fallback: WeChat accepts one article after a message');
  }
  if (typeof giveUpAfterMs === 'number' && giveUpAfterMs > retentionMs) {
    faults.add(`giveUpAfterMs: at most ${retentionMs}, for which pushes are journaled`);
  }
}

/** Which addresses are permitted is the outbound sender's decision. */
function checkUrl(name: string, text: string, faults: Faults): void {
  const url = /\s/.test(text) ? null : URL.parse(text);
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    faults.add(`${name}: an absolute address with https`);
    return;
  }
  // WHATWG hosts are in lower case.
  const outsidePathAndQuery = `${url.host}${url.username}${url.password}${url.hash}`.toLowerCase();
  if (outsidePathAndQuery.includes(APPID_PLACEHOLDER.toLowerCase())) {
    faults.add(`${name}: ${APPID_PLACEHOLDER} can only be in its path or query`);
  }
}

class Faults {
  readonly #faults: string[] = [];

  add(fault: string): void {
    this.#faults.push(fault);
  }

  throwIfAny(): void {
    if (this.#faults.length > 0) throw new Failure('invalid_request', 'fix-request', this.#faults.join('; '));
  }
}
