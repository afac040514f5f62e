import { invalidCursor, type Page, readCursor, writeCursor } from '../paging.ts';
import type { RedisClient } from '../redis/connect.ts';
import { defineScript } from '../redis/script.ts';
import type { CallState, CallSummary } from './call.ts';
import type { CallId } from './call-id.ts';
import { lastPartOf, type RecordFields, toFoundCall, toSummary } from './call-record.ts';
import type { CallHistory } from './call-store.ts';
import { hasFailed } from './has-failed.ts';
import { timelineOf } from './timeline.ts';

/** Of one component. */
const MAX_FAILED = 10_000;
/** Counted from the outcome. */
const TTL_MS = 7 * 24 * 60 * 60_000;
/** A longer entry loses its events. */
const MAX_ENTRY_LENGTH = 4_096;
/** Entries read for one page, whether they match or not. */
const MAX_READ = 2_000;
const BATCH = 200;
/** Calls of one component that settled in the same microsecond of the index. */
const MAX_SAME_SCORE = 16;

/** Fields of a record that are of no use once the call has settled. */
const DROPPED_FIELDS = new Set([
  'channel',
  'replyFormat',
  'sentBy',
  'settledBy',
  'releasedBy',
  'heldUntil',
  'delayedUntil',
  'inLane',
  'claim',
  'key',
  'keptMs',
  'bytes',
  'unlisted',
  'hasBody',
]);

/** Of each call: its member, its score, and what is kept of it, in JSON; an empty text removes a call whose outcome was corrected. */
const write = defineScript({
  keys: ['index', 'entries'],
  args: ['ttlMs', 'oldestScore', '...calls'],
  lua: `
for i = 1, #calls, 3 do
  local call, score, entry = calls[i], calls[i + 1], calls[i + 2]
  if entry == '' then
    redis.call('ZREM', index, call)
    redis.call('HDEL', entries, call)
  else
    redis.call('ZADD', index, score, call)
    redis.call('HSET', entries, call, entry)
  end
end
local gone = redis.call('ZRANGEBYSCORE', index, '-inf', oldestScore, 'LIMIT', 0, 1000)
local excess = redis.call('ZCARD', index) - #gone - ${MAX_FAILED}
if excess > 0 then gone = redis.call('ZRANGE', index, 0, #gone + math.min(excess, 1000) - 1) end
for _, call in ipairs(gone) do
  redis.call('ZREM', index, call)
  redis.call('HDEL', entries, call)
end
redis.call('PEXPIRE', index, ttlMs)
redis.call('PEXPIRE', entries, ttlMs)`,
});

/** A settled call, as its record has it. */
export interface SettledRecord {
  readonly call: CallId;
  readonly fields: RecordFields;
}

export interface FailedCallFilter {
  readonly component: string;
  readonly appid?: string | undefined;
  readonly state?: CallState | undefined;
  readonly path?: string | undefined;
  readonly errcode?: number | undefined;
  /** The code of the failure. */
  readonly code?: string | undefined;
  /** Created at or after this time. */
  readonly since?: Date | undefined;
  readonly keyId?: string | undefined;
  /** Whether the caller may see it; by default all. */
  readonly shows?: (call: Pick<CallSummary, 'appid' | 'path'>) => boolean;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

interface Place {
  readonly score: number;
  readonly member: string;
}

/**
 * The last failed calls of each component, of all its accounts: their records without what was sent and answered. They remain after
 * the records have expired, which for interactive calls is a quarter of an hour.
 */
export class FailedCalls {
  readonly #redis: RedisClient;

  constructor(redis: RedisClient) {
    this.#redis = redis;
  }

  /** Stores those of one component that failed, and removes the others. */
  async write(component: string, settled: readonly SettledRecord[]): Promise<void> {
    const { index, entries } = this.#keys(component);
    const calls = settled.flatMap(({ call, fields }, i) => {
      const failed = hasFailed(toSummary(call, fields));
      return [memberOf(call), Number(fields.settledAt) * 1_000 + (i % 1_000), failed ? entryOf(fields) : ''];
    });
    const oldestScore = (Date.now() - TTL_MS) * 1_000;
    await write.run(this.#redis, { index, entries }, { ttlMs: TTL_MS, oldestScore, calls });
  }

  async find(call: CallId): Promise<CallHistory | undefined> {
    const entry = await this.#redis.hget(this.#keys(call.component).entries, memberOf(call));
    if (entry === null) return undefined;
    const fields = JSON.parse(entry) as RecordFields;
    return { call: toFoundCall(call, fields, () => undefined), timeline: timelineOf(fields) };
  }

  /** The newest outcome first. A page may contain fewer than requested; only `next: null` is the end. */
  async page(filter: FailedCallFilter): Promise<Page<CallSummary>> {
    const { component, limit, since } = filter;
    let before = filter.cursor === undefined ? undefined : readPlace(filter.cursor, component);
    const items: CallSummary[] = [];
    for (let read = 0; read < MAX_READ; read += BATCH) {
      const places = await this.#places(component, since, before);
      for (const [i, call] of (await this.#summaries(component, places)).entries()) {
        if (items.length === limit) return { items, next: writePlace(component, before!) };
        before = places[i]!;
        if (call && matches(call, filter)) items.push(call);
      }
      if (places.length < BATCH) return { items, next: null };
    }
    return { items, next: before ? writePlace(component, before) : null };
  }

  async #places(component: string, since: Date | undefined, before: Place | undefined): Promise<Place[]> {
    // A call that was created since then has settled since then.
    const to = Math.max(since?.getTime() ?? 0, Date.now() - TTL_MS) * 1_000;
    const from = before ? String(before.score) : '+inf';
    const count = BATCH + MAX_SAME_SCORE;
    const flat = await this.#redis.zrange(
      this.#keys(component).index,
      from,
      String(to),
      'BYSCORE',
      'REV',
      'LIMIT',
      0,
      count,
      'WITHSCORES',
    );
    const places: Place[] = [];
    for (let i = 0; i < flat.length; i += 2) places.push({ member: flat[i]!, score: Number(flat[i + 1]) });
    return places
      .filter(({ score, member }) => !before || score < before.score || member < before.member)
      .slice(0, BATCH);
  }

  async #summaries(component: string, places: readonly Place[]): Promise<(CallSummary | undefined)[]> {
    if (places.length === 0) return [];
    const entries = await this.#redis.hmget(this.#keys(component).entries, ...places.map(({ member }) => member));
    return entries.map((entry, i) => {
      if (entry === null) return undefined;
      return toSummary(callOf(component, places[i]!.member), JSON.parse(entry) as RecordFields);
    });
  }

  #keys(component: string) {
    const index = this.#redis.keyspace.failedCalls(component);
    return { index, entries: `${index}:entries` };
  }
}

function matches(call: CallSummary, filter: FailedCallFilter): boolean {
  const { appid, state, path, errcode, code, since, keyId } = filter;
  if (appid !== undefined && call.appid !== appid) return false;
  if (state !== undefined && call.state !== state) return false;
  if (path !== undefined && call.path !== path) return false;
  if (errcode !== undefined && (call.answered?.errcode ?? call.failure?.errcode) !== errcode) return false;
  if (code !== undefined && call.failure?.code !== code) return false;
  if (since !== undefined && call.createdAt < since) return false;
  if (keyId !== undefined && call.keyId !== keyId) return false;
  return filter.shows?.(call) ?? true;
}

function entryOf(fields: RecordFields): string {
  const kept = Object.entries(fields).filter(([name]) => !DROPPED_FIELDS.has(name));
  // That it had one shows that the call was queued.
  if (fields.channel !== undefined) kept.push(['channel', '-']);
  const entry = JSON.stringify(Object.fromEntries(kept));
  if (entry.length <= MAX_ENTRY_LENGTH) return entry;
  return JSON.stringify(Object.fromEntries(kept.filter(([name]) => !/^e(?:\d+|vents)$/.test(name))));
}

function memberOf(call: CallId): string {
  return `${call.appid} ${lastPartOf(call)}`;
}

function callOf(component: string, member: string): CallId {
  const [appid, lastPart] = member.split(' ') as [string, string];
  return { component, appid, id: `${component}.${appid}.${lastPart}` };
}

function writePlace(component: string, { score, member }: Place): string {
  return writeCursor(component, score, member);
}

/** Throws Failure `invalid_request`. */
function readPlace(cursor: string, component: string): Place {
  const [owner, score, member] = readCursor(cursor, /^([^ ]*) (\d{1,16}) ([^ ]+ [^ ]+)$/);
  if (owner !== component) throw invalidCursor();
  return { score: Number(score), member: member! };
}
