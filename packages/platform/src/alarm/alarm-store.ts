import type { Explanation } from '@wxthirdparty/wechat';
import { type Page, type PageRequest, pageOf, readCursor, writeCursor } from '../paging.ts';
import type { RedisClient } from '../redis/connect.ts';
import { defineScript, REDIS_CLOCK } from '../redis/script.ts';
import { type Alarm, type AlarmNews, type AlarmReport, type AlarmSeverity, type AlarmText, alarmId } from './alarm.ts';
import type { AlarmTimes } from './alarm-times.ts';

const MAX_CLOSED = 500;
const CLOSED_TTL_MS = 30 * 24 * 60 * 60_000;
/** Of a channel that accepts nothing; the oldest are lost. */
const MAX_OUTBOX = 1_000;

/** An alarm as Redis stores it. */
export interface StoredAlarm {
  readonly key: string;
  readonly alarm: Pick<AlarmText, 'rule' | 'severity' | 'component' | 'link'> & {
    readonly cause: Explanation;
    readonly remedy: Explanation;
  };
  readonly since: number;
  readonly reportedAt: number;
  readonly closed?: boolean;
  /** By the id of the process. */
  readonly processes: Readonly<Record<string, { readonly host: string; readonly note?: string }>>;
}

interface RoundNews {
  readonly news: AlarmNews;
  readonly alarm: Alarm;
}

/**
 * One round of one process: stores what it reports, opens what was reported throughout its delay, repeats what lasts, and closes
 * what no process has reported for a while. What channels have to send is added to their outboxes in the same step, so that
 * exactly one process sends each message.
 *
 * `rounds` has the time of the last round of any process (`last`), and when rounds started again after a pause (`resumed`): after an
 * outage of Redis each process first reports what it finds, before anything is closed.
 */
const round = defineScript({
  uses: [REDIS_CLOCK],
  keys: ['open', 'closed', 'rounds', '...outboxes'],
  args: ['process', 'host', 'reports', 'closeAfterMs', 'maxGapMs', 'repeatAfterMs'],
  lua: `
local news = {}
local function forward(what, entry)
  local notice = cjson.encode({ news = what, at = now, stored = entry })
  for _, outbox in ipairs(outboxes) do
    redis.call('RPUSH', outbox, notice)
    redis.call('LTRIM', outbox, -${MAX_OUTBOX}, -1)
    redis.call('PEXPIRE', outbox, ${CLOSED_TTL_MS})
  end
  table.insert(news, notice)
end

local last = tonumber(redis.call('HGET', rounds, 'last') or '0')
if now - last > tonumber(maxGapMs) then redis.call('HSET', rounds, 'resumed', ms(now)) end
redis.call('HSET', rounds, 'last', ms(now))
local resumed = tonumber(redis.call('HGET', rounds, 'resumed') or '0')

for _, report in ipairs(cjson.decode(reports)) do
  local text = redis.call('HGET', open, report.key)
  local entry = text and cjson.decode(text)
  -- Not reported throughout its delay.
  if entry and entry.repeatAt == 0 and now - entry.reportedAt > tonumber(maxGapMs) then entry = nil end
  if not entry then entry = { key = report.key, since = now, repeatAt = 0, processes = {} } end
  entry.alarm = report.alarm
  entry.reportedAt = now
  entry.processes[process] = { host = host, note = report.note, at = now }
  if entry.repeatAt == 0 then
    if now - entry.since >= report.delayMs then
      entry.repeatAt = now + tonumber(repeatAfterMs)
      forward('opened', entry)
    end
  elseif now >= entry.repeatAt then
    entry.repeatAt = now + tonumber(repeatAfterMs)
    forward('repeated', entry)
  end
  redis.call('HSET', open, report.key, cjson.encode(entry))
end

if now - resumed >= tonumber(closeAfterMs) then
  for _, text in ipairs(redis.call('HVALS', open)) do
    local entry = cjson.decode(text)
    if now - entry.reportedAt >= tonumber(closeAfterMs) then
      redis.call('HDEL', open, entry.key)
      if entry.repeatAt ~= 0 then
        entry.closed = true
        redis.call('ZADD', closed, entry.reportedAt, cjson.encode(entry))
        forward('closed', entry)
      end
    else
      local gone = false
      for id, seen in pairs(entry.processes) do
        if now - seen.at >= tonumber(closeAfterMs) then
          entry.processes[id] = nil
          gone = true
        end
      end
      if gone then redis.call('HSET', open, entry.key, cjson.encode(entry)) end
    end
  end
end
redis.call('ZREMRANGEBYSCORE', closed, '-inf', now - ${CLOSED_TTL_MS})
redis.call('ZREMRANGEBYRANK', closed, 0, -${MAX_CLOSED + 1})
return news`,
  decode: (news: string[]): RoundNews[] =>
    news.map((text) => {
      const { news: what, stored } = JSON.parse(text) as { readonly news: AlarmNews; readonly stored: StoredAlarm };
      return { news: what, alarm: toAlarm(stored) };
    }),
});

export interface ReportingProcess {
  readonly id: string;
  readonly host: string;
}

/** Which alarms are open, and the last that were closed. */
export class AlarmStore {
  readonly #redis: RedisClient;
  readonly #times: AlarmTimes;
  readonly #channels: readonly string[];

  /** `channels`: the ids of those that send what opens and closes. */
  constructor(redis: RedisClient, times: AlarmTimes, channels: readonly string[]) {
    this.#redis = redis;
    this.#times = times;
    this.#channels = channels;
  }

  /** All that this process finds now. Returns what opened, is repeated or closed by this round. */
  report(reports: readonly AlarmReport[], process: ReportingProcess): Promise<readonly RoundNews[]> {
    const { keyspace } = this.#redis;
    const { closeAfterMs, maxGapMs, repeatAfterMs, delayShare } = this.#times;
    const written = reports.map(({ key, delayMs, note, rule, severity, component, cause, remedy, link }) => ({
      key,
      delayMs: delayMs * delayShare,
      ...(note === undefined ? {} : { note }),
      alarm: { rule, severity, component, cause, remedy, link },
    }));
    return round.run(
      this.#redis,
      {
        open: keyspace.openAlarms,
        closed: keyspace.closedAlarms,
        rounds: keyspace.alarmRounds,
        outboxes: this.#channels.map((channel) => keyspace.alarmOutbox(channel)),
      },
      {
        process: process.id,
        host: process.host,
        // Lua would read an empty list as an empty table, which is the same to it.
        reports: JSON.stringify(written),
        closeAfterMs,
        maxGapMs,
        repeatAfterMs,
      },
    );
  }

  /** The newest first. */
  async open(): Promise<readonly Alarm[]> {
    const texts = await this.#redis.hvals(this.#redis.keyspace.openAlarms);
    const stored = texts.map((text) => JSON.parse(text) as StoredAlarm & { readonly repeatAt: number });
    return stored
      .filter(({ repeatAt }) => repeatAt !== 0)
      .map(toAlarm)
      .sort((a, b) => b.openedAt.getTime() - a.openedAt.getTime() || (a.id < b.id ? -1 : 1));
  }

  /** Those that closed last first. */
  async closed({ limit, cursor }: PageRequest): Promise<Page<Alarm>> {
    const texts = await this.#redis.zrange(this.#redis.keyspace.closedAlarms, '0', '-1');
    const all = texts.map((text) => toAlarm(JSON.parse(text) as StoredAlarm)).sort(lastClosedFirst);
    const [time, id] = cursor === undefined ? [] : readCursor(cursor, /(\d{1,15}) (\S{1,64})/);
    const after = (alarm: Alarm) =>
      id === undefined || lastClosedFirst(alarm, { id, closedAt: new Date(Number(time)) }) > 0;
    return pageOf(all.filter(after), limit, (last) => writeCursor(last.closedAt!.getTime(), last.id));
  }

  async openCounts(): Promise<Readonly<Record<AlarmSeverity, number>>> {
    const counts = { page: 0, warn: 0 };
    for (const { severity } of await this.open()) counts[severity]++;
    return counts;
  }
}

export function toAlarm({ key, alarm, since, reportedAt, closed, processes }: StoredAlarm): Alarm {
  const openedAt = new Date(since);
  return {
    id: alarmId(key, openedAt),
    ...alarm,
    processes: Object.entries(processes)
      .map(([id, { host, note = null }]) => ({ id, host, note }))
      .sort((a, b) => (a.host + a.id < b.host + b.id ? -1 : 1)),
    openedAt,
    closedAt: closed === true ? new Date(reportedAt) : null,
  };
}

function lastClosedFirst(a: Pick<Alarm, 'id' | 'closedAt'>, b: Pick<Alarm, 'id' | 'closedAt'>): number {
  return (b.closedAt?.getTime() ?? 0) - (a.closedAt?.getTime() ?? 0) || (a.id < b.id ? -1 : Number(a.id !== b.id));
}
