import { type Alarm, type AlarmReport, Events } from '@wxthirdparty/platform';
import { beforeEach, expect, it, vi } from 'vitest';
import { DirectAlarms } from './direct-alarms.ts';

let events: Events;
let sent: string[];
let direct: DirectAlarms;

const alarm = (rule: string) => ({ rule }) as Alarm;

beforeEach(() => {
  vi.useFakeTimers();
  events = new Events();
  sent = [];
  direct = new DirectAlarms(
    events,
    {
      times: { delayShare: 1 },
      openDirectly(report: AlarmReport) {
        sent.push(`${report.rule} opened`);
        return alarm(report.rule);
      },
      closeDirectly: ({ rule }) => void sent.push(`${rule} closed`),
    },
    undefined,
  );
  return () => {
    direct.close();
    vi.useRealTimers();
  };
});

const redis = (isOut: boolean) =>
  events.publish('redis', isOut ? { what: 'unreachable' } : { what: 'reachable', outageMs: 1 });
const database = (isOut: boolean) =>
  events.publish('database', isOut ? { what: 'unreachable' } : { what: 'reachable', outageMs: 1 });

it('an outage of Redis is sent once, after 15 seconds, and its end once', () => {
  redis(true);
  vi.advanceTimersByTime(14_999);
  expect(sent).toEqual([]);
  vi.advanceTimersByTime(3_600_000);
  expect(sent).toEqual(['redis_unreachable opened']);
  redis(false);
  expect(sent).toEqual(['redis_unreachable opened', 'redis_unreachable closed']);
});

it('a shorter one is not sent', () => {
  redis(true);
  vi.advanceTimersByTime(14_000);
  redis(false);
  vi.advanceTimersByTime(3_600_000);
  expect(sent).toEqual([]);
});

it('the database is sent only while Redis is away, too', () => {
  database(true);
  vi.advanceTimersByTime(3_600_000);
  expect(sent).toEqual([]);
  redis(true);
  vi.advanceTimersByTime(15_000);
  expect(sent.toSorted()).toEqual(['database_unreachable opened', 'redis_unreachable opened']);
  redis(false);
  expect(sent).toContain('redis_unreachable closed');
  expect(sent).not.toContain('database_unreachable closed');
  database(false);
  expect(sent).toContain('database_unreachable closed');
  expect(sent).toHaveLength(4);
});

it('a Redis of another deployment is sent at once', () => {
  events.publish('redis', { what: 'foreign', failure: { code: 'foreign_redis', remedy: 'operator', message: 'no' } });
  vi.advanceTimersByTime(0);
  redis(true);
  vi.advanceTimersByTime(60_000);
  events.publish('redis', { what: 'own' });
  expect(sent).toEqual(['redis_foreign opened', 'redis_foreign closed']);
});
