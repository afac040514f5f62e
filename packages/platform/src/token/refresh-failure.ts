import { Failure, type Remedy, TransportFailure } from '@wxthirdparty/wechat';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;

/**
 * What failed when a token could not be fetched:
 * - `host`: this process cannot ask WeChat (its address is not allowed, no connection is possible); another one may;
 * - `minute`: a minute's limit is used up;
 * - `day`: a longer limit is used up, or WeChat asks for time;
 * - `moment`: a transient error of WeChat, or something that the request needs is missing (a ticket, the component's token);
 * - `owner`: the account or the component itself. It needs an operator, or the merchant's consent.
 */
export type FailureClass = 'host' | 'minute' | 'day' | 'moment' | 'owner';

/** Every Failure has one of these remedies, so none is without a class. */
const classByRemedy: Readonly<Record<Remedy, FailureClass>> = {
  retry: 'moment',
  'refresh-token': 'moment',
  'slow-down': 'day',
  'fix-request': 'owner',
  operator: 'owner',
  reauthorize: 'owner',
};

/** Codes that are more specific than their remedy. */
const classByCode: Readonly<Record<string, FailureClass>> = {
  ip_not_allowed: 'host',
  minute_limit: 'minute',
};

/** `asked`: this run's request reached WeChat. Otherwise the failure may be one that another process recorded. */
export function classOf(failure: Failure, asked: boolean): FailureClass {
  if (failure instanceof TransportFailure && failure.unreached !== undefined) return 'host';
  // A pair that we closed ourselves says until when; a day's closing is checked every minute, at no cost to WeChat.
  if (failure.code === 'quota_closed' && !asked && (failure.retryAfterMs ?? Infinity) <= MINUTE_MS) return 'minute';
  const byCode = classByCode[failure.code];
  if (byCode === 'host' && !asked) return classByRemedy[failure.remedy];
  return byCode ?? classByRemedy[failure.remedy];
}

/** How many accounts a minute's limit may have hit at once is not known: their next tries are spread. */
const MINUTE_SPREAD_MS = 20 * SECOND_MS;
/** What WeChat was not even asked for, for lack of a ticket or of the component's token, costs it nothing. */
const UNASKED_RETRY_MS = 5 * SECOND_MS;

/**
 * How long no request follows a failed fetch: WeChat blocks a provider that asks too often.
 * `host` has its own times (`HostGate`).
 */
export function retryAfterMs(
  failure: Failure,
  kind: Exclude<FailureClass, 'host'>,
  { asked, now, random = Math.random }: { asked: boolean; now: number; random?: () => number },
): number {
  switch (kind) {
    case 'minute': {
      const reopensInMs = asked ? MINUTE_MS - (now % MINUTE_MS) : (failure.retryAfterMs ?? MINUTE_MS);
      return reopensInMs + random() * MINUTE_SPREAD_MS;
    }
    case 'moment':
    case 'owner':
      // Unasked, it is the component that fails, and its own record says when it is asked again.
      if (!asked) return UNASKED_RETRY_MS;
      return kind === 'owner' ? 10 * MINUTE_MS : MINUTE_MS;
    case 'day':
      return asked ? 10 * MINUTE_MS : MINUTE_MS;
    default:
      return kind satisfies never;
  }
}

/** Whether a retry in a few seconds may succeed. The next ticket takes minutes. */
export function isTransient(failure: Failure): boolean {
  return failure.remedy === 'retry' && failure.code !== 'ticket_refused';
}

/** A failure as another process, or a later run of this one, reports it. */
export function withRetryAfter({ code, remedy, message, errcode, rid }: Failure, retryInMs: number): Failure {
  return new Failure(code, remedy, message, {
    ...(errcode === undefined ? {} : { errcode }),
    ...(rid === undefined ? {} : { rid }),
    retryAfterMs: retryInMs,
  });
}
