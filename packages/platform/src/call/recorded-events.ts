import { REDIS_CLOCK, type SharedLua } from '../redis/script.ts';

/** Of one call: the first ones stay, and of the others the newest. */
const MAX_EVENTS = 40;
const MAX_FIRST = 10;

/** What a delayed call waits for. `replica`: none has confirmed the claim of a durable call. */
export type ParkReason = 'quota' | 'token' | 'replica';

/**
 * Why a departed call is sent again. `transient`: WeChat was busy, did not answer, or answered with nothing that can be read.
 * `not_sent`: it was counted, but no byte was sent. `shutdown`: its process ended before an answer came.
 */
export type RetryReason = 'token_refused' | 'quota_refused' | 'transient' | 'not_sent' | 'shutdown';

/** What came of one departure. */
export interface AttemptResult {
  /** From its departure to the end of the answer, or of the wait for one. */
  readonly ms: number;
  /** Of WeChat's answer, as the next two; undefined: there was none. */
  readonly status?: number | undefined;
  readonly errcode?: number | undefined;
  readonly rid?: string | undefined;
  /** Why the answer, or the lack of one, is not the outcome. */
  readonly code?: string | undefined;
}

/** What the events of a record say; `sinceMs`: since the creation of the call. */
export type RecordedEvent = { readonly sinceMs: number } & (
  | { readonly kind: 'queued' }
  | {
      readonly kind: 'sent';
      readonly attempt: number;
      /** For how long the call waited for a token before it. */
      readonly tokenMs: number;
      /** Of its quota, with this departure. */
      readonly used: number;
      readonly limit: number | undefined;
    }
  /** `retry`: the call is sent again, after so many ms. Without status, errcode and rid the record's own count. */
  | { readonly kind: 'ended'; readonly result: AttemptResult; readonly retry?: Retry | undefined }
  /** `untilMs`: since the creation of the call. */
  | { readonly kind: 'parked'; readonly reason: ParkReason; readonly untilMs: number }
  | { readonly kind: 'callback'; readonly result: CallbackEventResult; readonly status: number | undefined }
);

export interface Retry {
  readonly reason: RetryReason;
  readonly afterMs: number;
}

export type CallbackEventResult = 'delivered' | 'refused' | 'failed';

/**
 * `call_event(record, text)` adds an event to a record: the fields `e1`, `e2` … have `<kind> <ms since the creation> <rest of the
 * text>`, and `events` has their number. They are short texts, because with one value beyond 64 bytes Redis stores the whole record
 * in twice the memory. `call_parked` prolongs the last event if the call still waits for the same.
 */
export const CALL_EVENT: SharedLua = {
  uses: [REDIS_CLOCK],
  lua: `
local function call_event_field(n)
  if n > ${MAX_EVENTS} then n = ${MAX_FIRST + 1} + (n - ${MAX_FIRST + 1}) % ${MAX_EVENTS - MAX_FIRST} end
  return 'e' .. n
end
local function call_since(created, at) return ms(math.max(0, at - tonumber(created or at))) end
local function call_event(record, text)
  local created, count = unpack(redis.call('HMGET', record, 'createdAt', 'events'))
  local n = tonumber(count or '0') + 1
  local kind, rest = string.match(text, '^(%a)(.*)$')
  redis.call('HSET', record, 'events', n, call_event_field(n), kind .. ' ' .. call_since(created, now) .. rest)
end
local function call_parked(record, reason, until_at)
  local created, count = unpack(redis.call('HMGET', record, 'createdAt', 'events'))
  local last = count and redis.call('HGET', record, call_event_field(tonumber(count)))
  local same, until_ms = last and string.match(last, '^p %d+ ' .. reason .. ' '), call_since(created, until_at)
  if not same then return call_event(record, 'p ' .. reason .. ' ' .. until_ms) end
  redis.call('HSET', record, call_event_field(tonumber(count)), same .. until_ms)
end
`,
};

/** The event of an attempt that ended, without the time, which the script adds. */
export function endedText(result: AttemptResult, retry?: Retry): string {
  const { ms, status, errcode, rid, code } = result;
  const retried = retry && [retry.reason, Math.round(retry.afterMs)];
  const parts = [status, errcode, rid === undefined ? undefined : safeRid(rid), code, ...(retried ?? [])];
  return ['a', Math.round(ms), ...parts.map((part) => part ?? '-')].join(' ');
}

/** The answer is the outcome of the call: its record has the rest. */
export function answeredText(ms: number): string {
  return `a ${Math.round(ms)}`;
}

export function callbackText(result: CallbackEventResult, status: number | undefined): string {
  return `c ${result} ${status ?? '-'}`;
}

/** Events of a call that has no record yet, in the form of a record's. */
export class EventsInMemory {
  readonly #texts: string[] = [];

  get texts(): readonly string[] {
    return this.#texts;
  }

  sent(sinceMs: number, departed: Omit<Extract<RecordedEvent, { kind: 'sent' }>, 'kind' | 'sinceMs'>): void {
    const { attempt, tokenMs, used, limit } = departed;
    this.add(sinceMs, `s ${attempt} ${Math.round(tokenMs)} ${used} ${limit ?? '-'}`);
  }

  queued(sinceMs: number): void {
    this.add(sinceMs, 'q');
  }

  parked(sinceMs: number, reason: ParkReason, untilMs: number): void {
    this.add(sinceMs, `p ${reason} ${Math.round(untilMs)}`);
  }

  add(sinceMs: number, text: string): void {
    // A call with more events has a record.
    if (this.#texts.length < MAX_EVENTS) this.#texts.push(`${text[0]} ${Math.round(sinceMs)}${text.slice(1)}`);
  }

  /** Fields of a record. */
  get fields(): Readonly<Record<string, string | number>> {
    if (this.#texts.length === 0) return {};
    return { ...Object.fromEntries(this.#texts.map((text, i) => [`e${i + 1}`, text])), events: this.#texts.length };
  }
}

/** In the order of their times. What this version does not know is skipped. */
export function readEvents(fields: Readonly<Record<string, string>>): RecordedEvent[] {
  const events: RecordedEvent[] = [];
  for (let n = 1; n <= Math.min(MAX_EVENTS, Number(fields.events ?? 0)); n++) {
    const text = fields[`e${n}`];
    const event = text === undefined ? undefined : readEvent(text.split(' '));
    if (event) events.push(event);
  }
  return events.sort((a, b) => a.sinceMs - b.sinceMs);
}

function readEvent([kind, since, ...rest]: readonly string[]): RecordedEvent | undefined {
  const sinceMs = Number(since);
  if (!Number.isFinite(sinceMs)) return undefined;
  switch (kind) {
    case 'q':
      return { kind: 'queued', sinceMs };
    case 's': {
      const [attempt, tokenMs, used, limit] = rest.map(numberOf);
      return { kind: 'sent', sinceMs, attempt: attempt ?? 0, tokenMs: tokenMs ?? 0, used: used ?? 0, limit };
    }
    case 'a': {
      const [ms, status, errcode, rid, code, reason, afterMs] = rest;
      return {
        kind: 'ended',
        sinceMs,
        result: {
          ms: Number(ms),
          status: numberOf(status),
          errcode: numberOf(errcode),
          rid: textOf(rid),
          code: textOf(code),
        },
        retry: reason === undefined ? undefined : { reason: reason as RetryReason, afterMs: Number(afterMs) },
      };
    }
    case 'p':
      return { kind: 'parked', sinceMs, reason: rest[0] as ParkReason, untilMs: Number(rest[1]) };
    case 'c':
      return { kind: 'callback', sinceMs, result: rest[0] as CallbackEventResult, status: numberOf(rest[1]) };
    default:
      return undefined;
  }
}

function textOf(part: string | undefined): string | undefined {
  return part === '-' ? undefined : part;
}

function numberOf(part: string | undefined): number | undefined {
  return part === undefined || part === '-' ? undefined : Number(part);
}

/** WeChat's ids of requests are groups of hexadecimal digits; anything else would break the form. */
function safeRid(rid: string): string | undefined {
  return /^[\w-]{1,32}$/.test(rid) ? rid : undefined;
}
