import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { until } from '../../test/until.ts';
import type { AlarmReport } from './alarm.ts';
import { AlarmStore } from './alarm-store.ts';
import { type AlarmTimes, alarmTimes } from './alarm-times.ts';
import { Outbox } from './outbox.ts';

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());
beforeEach(() => server.redis.flushall());

/** Nothing closes and nothing is repeated, unless a test says so. */
const NEVER: AlarmTimes = { ...alarmTimes(), closeAfterMs: 3_600_000, maxGapMs: 3_600_000, groupMs: 0 };

/** Of Redis' clock. */
async function nowMs(): Promise<number> {
  const [s, us] = await server.redis.time();
  return Number(s) * 1_000 + Math.floor(Number(us) / 1_000);
}

const one = { id: 'p1', host: 'h1' };
const two = { id: 'p2', host: 'h2' };

function report(changes: Partial<AlarmReport> = {}): AlarmReport {
  return {
    key: 'disk_low',
    rule: 'disk_low',
    severity: 'page',
    component: null,
    delayMs: 0,
    cause: { zh: '磁盘空间不足', en: 'the disk is nearly full' },
    remedy: { zh: '清理磁盘', en: 'free some space' },
    link: null,
    ...changes,
  };
}

function open(times: Partial<AlarmTimes> = {}, channels: readonly string[] = []) {
  return new AlarmStore(server.redis, { ...NEVER, ...times }, channels);
}

describe('an alarm', () => {
  it('opens once, however many processes report it, and lists them', async () => {
    const store = open();
    const rounds = await Promise.all([store.report([report({ note: '1 GB' })], one), store.report([report()], two)]);
    expect(rounds.flat()).toHaveLength(1);
    expect(await store.report([report()], two)).toEqual([]);
    const [alarm] = await store.open();
    expect(alarm).toMatchObject({ rule: 'disk_low', severity: 'page', component: null, closedAt: null });
    expect(alarm?.processes).toEqual([
      { id: 'p1', host: 'h1', note: '1 GB' },
      { id: 'p2', host: 'h2', note: null },
    ]);
    expect(await store.openCounts()).toEqual({ page: 1, warn: 0 });
  });

  it('opens when it was reported throughout its delay', async () => {
    const store = open();
    const delayed = report({ delayMs: 300 });
    expect(await store.report([delayed], one)).toEqual([]);
    expect(await store.open()).toEqual([]);
    await until('the alarm opens', async () => (await store.report([delayed], one)).length === 1);
    const [alarm] = await store.open();
    expect((await nowMs()) - alarm!.openedAt.getTime()).toBeGreaterThanOrEqual(300);
  });

  it('starts its delay again after a gap', async () => {
    const store = open({ maxGapMs: 100 });
    const delayed = report({ delayMs: 200 });
    await store.report([delayed], one);
    await until('the gap is too long', async () => {
      const [text] = await server.redis.hvals(server.redis.keyspace.openAlarms);
      const { reportedAt } = JSON.parse(text!) as { reportedAt: number };
      return (await nowMs()) > reportedAt + 300;
    });
    // Its delay has passed since the first report, but it was not reported throughout.
    expect(await store.report([delayed], one)).toEqual([]);
  });

  it('is closed once no process has reported it for a while, and is listed with its duration', async () => {
    const store = open({ closeAfterMs: 200, maxGapMs: 10_000 });
    const [opened] = await store.report([report()], one);
    const closing: unknown[] = [];
    await until('it is closed', async () => {
      closing.push(...(await Promise.all([store.report([], one), store.report([], two)])).flat());
      return closing.length > 0;
    });
    expect(closing).toMatchObject([{ news: 'closed', alarm: { id: opened?.alarm.id, rule: 'disk_low' } }]);
    expect(await store.open()).toEqual([]);
    const { items, next } = await store.closed({ limit: 10 });
    expect(items).toMatchObject([{ id: opened?.alarm.id, closedAt: expect.any(Date) }]);
    expect(next).toBeNull();
    // The next occurrence is another alarm.
    const [again] = await store.report([report()], one);
    expect(again?.alarm.id).not.toBe(opened?.alarm.id);
  });

  it('that ended during its delay is not listed', async () => {
    const store = open({ closeAfterMs: 50, maxGapMs: 10_000 });
    await store.report([report({ delayMs: 60_000 })], one);
    await until('it is forgotten', async () => {
      expect(await store.report([], two)).toEqual([]);
      return (await server.redis.hlen(server.redis.keyspace.openAlarms)) === 0;
    });
    expect(await store.closed({ limit: 10 })).toEqual({ items: [], next: null });
  });

  it('remains open while one process reports it, and forgets the processes that no longer do', async () => {
    const store = open({ closeAfterMs: 200, maxGapMs: 10_000 });
    await store.report([report()], one);
    await until('the other process is forgotten', async () => {
      expect((await store.report([report()], two)).map(({ news }) => news)).not.toContain('closed');
      const [alarm] = await store.open();
      return alarm?.processes.length === 1 && alarm.processes[0]?.id === 'p2';
    });
  });

  it('is repeated by schedule, by one process', async () => {
    const store = open({ repeatAfterMs: 3_600_000 });
    await store.report([report()], one);
    const { openAlarms } = server.redis.keyspace;
    const [[key, text]] = Object.entries(await server.redis.hgetall(openAlarms)) as [[string, string]];
    // It is time.
    await server.redis.hset(openAlarms, key, JSON.stringify({ ...JSON.parse(text), repeatAt: 1 }));
    const rounds = await Promise.all([store.report([report()], one), store.report([report()], two)]);
    expect(rounds.flat().map(({ news }) => news)).toEqual(['repeated']);
    expect(await store.report([report()], two)).toEqual([]);
  });

  it('is not closed right after a pause of all reports, as during an outage of Redis', async () => {
    const store = open({ closeAfterMs: 400, maxGapMs: 100 });
    await store.report([report()], one);
    await until('the pause is long enough', async () => {
      const last = Number(await server.redis.hget(server.redis.keyspace.alarmRounds, 'last'));
      return (await nowMs()) > last + 500;
    });
    // The other process is back first; the one that finds the fault follows.
    expect(await store.report([], two)).toEqual([]);
    expect(await store.report([report()], one)).toEqual([]);
    expect(await store.open()).toHaveLength(1);
  });

  it('has the texts and the severity of the last report', async () => {
    const store = open();
    await store.report([report({ severity: 'warn' })], one);
    await store.report([report({ cause: { zh: '新', en: 'new' } })], one);
    expect(await store.open()).toMatchObject([{ severity: 'page', cause: { zh: '新', en: 'new' } }]);
  });
});

it('closed alarms are listed page by page, the last first', async () => {
  const store = open({ closeAfterMs: 50, maxGapMs: 10_000 });
  await store.report(
    ['a', 'b', 'c', 'd', 'e'].map((key) => report({ key, rule: key })),
    one,
  );
  await until('all are closed', async () => {
    await store.report([], one);
    return (await store.closed({ limit: 10 })).items.length === 5;
  });
  const first = await store.closed({ limit: 2 });
  const second = await store.closed({ limit: 2, cursor: first.next! });
  const third = await store.closed({ limit: 2, cursor: second.next! });
  expect([...first.items, ...second.items, ...third.items].map(({ rule }) => rule).toSorted()).toEqual([
    ...['a', 'b', 'c', 'd', 'e'],
  ]);
  expect(third.next).toBeNull();
});

describe('the outbox of a channel', () => {
  const claimAll = async (outbox: Outbox) => (await outbox.claim('wecom-1', 'c'))?.notices ?? [];

  it('has what opened and closed, for each channel, and is sent by one process at a time', async () => {
    const store = open({}, ['wecom-1', 'generic-1']);
    const outbox = new Outbox(server.redis, NEVER);
    const [opened] = await store.report([report()], one);
    const claims = await Promise.all(['c1', 'c2', 'c3'].map((id) => outbox.claim('wecom-1', id)));
    const [won] = claims.filter((claim) => claim !== undefined);
    expect(claims.filter((claim) => claim !== undefined)).toHaveLength(1);
    expect(won).toMatchObject({ attempt: 1, notices: [{ news: 'opened', alarm: opened?.alarm }] });
    expect(await outbox.claim('generic-1', 'c')).toMatchObject({ notices: [{ news: 'opened' }] });
  });

  it('waits for its group', async () => {
    const store = open({}, ['wecom-1']);
    await store.report([report()], one);
    expect(await claimAll(new Outbox(server.redis, { ...NEVER, groupMs: 60_000 }))).toEqual([]);
    expect(await claimAll(new Outbox(server.redis, NEVER))).toHaveLength(1);
  });

  it('keeps what was not sent, and what came meanwhile', async () => {
    const store = open({}, ['wecom-1']);
    const outbox = new Outbox(server.redis, NEVER);
    await store.report([report({ key: 'a' }), report({ key: 'b' })], one);
    expect(await outbox.claim('wecom-1', 'c1')).toMatchObject({ notices: [{}, {}] });
    await store.report([report({ key: 'c' })], one);
    expect(await outbox.settle('wecom-1', 'c1', { sent: 1, failed: 0 })).toBe(0);
    expect(await outbox.claim('wecom-1', 'c2')).toMatchObject({ attempt: 1, notices: [{}, {}] });
    expect(await outbox.state('wecom-1')).toEqual({ lastSentAt: expect.any(Date), lastFailure: null });
  });

  it('is not changed by a process whose claim has ended', async () => {
    const store = open({}, ['wecom-1']);
    const outbox = new Outbox(server.redis, NEVER);
    await store.report([report()], one);
    await outbox.claim('wecom-1', 'c1');
    await server.redis.hset(server.redis.keyspace.alarmChannel('wecom-1'), 'claimedUntil', 0);
    await outbox.claim('wecom-1', 'c2');
    await outbox.settle('wecom-1', 'c1', { sent: 1, failed: 0 });
    expect(await server.redis.llen(server.redis.keyspace.alarmOutbox('wecom-1'))).toBe(1);
    await outbox.settle('wecom-1', 'c2', { sent: 1, failed: 0 });
    expect(await server.redis.llen(server.redis.keyspace.alarmOutbox('wecom-1'))).toBe(0);
  });

  it('is tried ten times, with a growing backoff; then what was refused is lost, and the rest is not', async () => {
    const store = open({}, ['wecom-1']);
    const outbox = new Outbox(server.redis, NEVER);
    const { alarmChannel } = server.redis.keyspace;
    const failure = { status: 200, answer: 'no', remedy: { zh: '修', en: 'repair' } };
    await store.report([report({ key: 'a' }), report({ key: 'b' })], one);
    const waits: number[] = [];
    for (let attempt = 1; attempt <= 10; attempt++) {
      expect(await outbox.claim('wecom-1', 'c')).toMatchObject({ attempt });
      expect(await outbox.settle('wecom-1', 'c', { sent: 0, failed: 1, failure })).toBe(attempt < 10 ? 0 : 1);
      const { retryAt, lastFailureAt } = await server.redis.hgetall(alarmChannel('wecom-1'));
      waits.push((Number(retryAt) - Number(lastFailureAt)) / 1_000);
      // The shorter ones may be over.
      if (attempt === 10) expect(await outbox.claim('wecom-1', 'early')).toBeUndefined();
      await server.redis.hdel(alarmChannel('wecom-1'), 'retryAt', 'sent');
    }
    expect(waits).toEqual([5, 10, 20, 40, 80, 160, 320, 600, 600, 600]);
    expect(await outbox.claim('wecom-1', 'c')).toMatchObject({ attempt: 1, notices: [{}] });
    expect((await outbox.state('wecom-1')).lastFailure).toEqual({ ...failure, at: expect.any(Date) });
  });

  it('waits as long as the channel demands', async () => {
    const store = open({}, ['dingtalk-1']);
    const outbox = new Outbox(server.redis, NEVER);
    await store.report([report()], one);
    await outbox.claim('dingtalk-1', 'c');
    const failure = { status: 200, answer: 'no', remedy: { zh: '修', en: 'repair' } };
    await outbox.settle('dingtalk-1', 'c', { sent: 0, failed: 1, failure, retryAfterMs: 600_000 });
    const { retryAt, lastFailureAt } = await server.redis.hgetall(server.redis.keyspace.alarmChannel('dingtalk-1'));
    expect(Number(retryAt) - Number(lastFailureAt)).toBe(600_000);
  });

  it('sends at most 15 messages in a minute; what it has by then is in the next one', async () => {
    const store = open({}, ['wecom-1']);
    const outbox = new Outbox(server.redis, NEVER);
    const report40 = Array.from({ length: 40 }, (_, i) => report({ key: `k${i}` }));
    for (const [i, each] of report40.entries()) {
      await store.report([each], one);
      if (i < 15) {
        expect(await claimAll(outbox)).toHaveLength(1);
        await outbox.settle('wecom-1', 'c', { sent: 1, failed: 0 });
      } else expect(await claimAll(outbox)).toEqual([]);
    }
    await server.redis.hdel(server.redis.keyspace.alarmChannel('wecom-1'), 'sent');
    expect(await claimAll(outbox)).toHaveLength(25);
  });
});
