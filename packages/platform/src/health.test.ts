import { describe, expect, it } from 'vitest';
import { Events } from './events.ts';
import { healthProbe, readinessOf, watchHealth } from './health.ts';

const answers = () => Promise.resolve([]);
const lacksOne = () => Promise.resolve(['127.0.0.1:6379']);
const refuses = () => Promise.reject<never>(new Error('connection refused'));
const hangs = () => new Promise<never>(() => {});

describe('the health of a process', () => {
  it.each([
    ['both answer', answers, answers, { redis: true, database: true }],
    ['the database refuses', answers, refuses, { redis: true, database: false }],
    ['the database hangs', answers, hangs, { redis: true, database: false }],
    ['one master is missing', lacksOne, answers, { redis: true, missing: ['127.0.0.1:6379'], database: true }],
    ['Redis refuses', refuses, answers, { redis: false, database: true }],
    ['Redis hangs', hangs, answers, { redis: false, database: true }],
    ['both hang', hangs, hangs, { redis: false, database: false }],
  ])('%s: each is measured by itself', async (_, redis, database, expected) => {
    expect(await healthProbe({ redis, database }, 20)()).toEqual(expected);
  });

  it('asks a server that does not answer once for all requests that wait, and again afterwards', async () => {
    let asked = 0;
    const health = healthProbe(
      {
        redis: answers,
        database: () => {
          asked += 1;
          return hangs();
        },
      },
      20,
    );
    await Promise.all([health(), health(), health()]);
    expect(asked).toBe(1);
    await health();
    expect(asked).toBe(2);
  });
});

describe('readiness', () => {
  const gateway = { closing: false, needsDatabase: false };
  const worker = { closing: false, needsDatabase: true };
  it.each([
    ['a gateway', { redis: true, database: true }, gateway, 200, []],
    ['a gateway without Redis', { redis: false, database: true }, gateway, 503, []],
    ['a gateway without database', { redis: true, database: false }, gateway, 200, ['database']],
    ['a gateway without both', { redis: false, database: false }, gateway, 503, ['database']],
    ['a gateway without one master', { redis: true, missing: ['a:1'], database: true }, gateway, 200, ['redis']],
    ['a worker without one master', { redis: true, missing: ['a:1'], database: true }, worker, 200, ['redis']],
    ['a gateway that closes', { redis: true, database: true }, { ...gateway, closing: true }, 503, []],
    ['a gateway that cannot ask WeChat', { redis: true, database: true, wechat: false }, gateway, 200, ['wechat']],
    ['a worker that cannot ask WeChat', { redis: true, database: true, wechat: false }, worker, 200, ['wechat']],
    ['a worker', { redis: true, database: true }, worker, 200, []],
    ['a worker without Redis', { redis: false, database: true }, worker, 503, []],
    ['a worker without database', { redis: true, database: false }, worker, 503, []],
    ['a worker that closes', { redis: true, database: true }, { ...worker, closing: true }, 503, []],
  ])('of %s', (_, health, process, status, degraded) => {
    const { closing } = process;
    const { redis, database } = health;
    expect(readinessOf(health, process)).toEqual({
      status,
      body: { ready: status === 200, redis, database, closing, degraded },
    });
  });
});

describe('an outage', () => {
  it('is reported once when it begins and once when it is over; one slow answer is none', async () => {
    const answers = [true, false, true, false, false, false, true, true];
    const events = new Events();
    const news: unknown[] = [];
    events.subscribe('database', (one) => news.push(one));
    events.subscribe('redis', (one) => news.push(one));
    let checks = 0;
    const watched = watchHealth(() => Promise.resolve({ redis: true, database: answers[checks++] ?? true }), events, 1);
    await expect.poll(() => checks).toBeGreaterThan(answers.length);
    watched.stop();
    expect(news).toEqual([{ what: 'unreachable' }, { what: 'reachable', outageMs: expect.any(Number) }]);
  });

  it('of one master of a Cluster is reported once, and once when all answer', async () => {
    const missing = [[], ['a:1'], ['a:1'], ['a:1'], [], []];
    const events = new Events();
    const news: unknown[] = [];
    events.subscribe('redis', (one) => news.push(one));
    let checks = 0;
    const health = () => Promise.resolve({ redis: true, missing: missing[checks++] ?? [], database: true });
    const watched = watchHealth(health, events, 1);
    await expect.poll(() => checks).toBeGreaterThan(missing.length);
    watched.stop();
    expect(news).toEqual([{ what: 'incomplete', missing: ['a:1'] }, { what: 'complete' }]);
  });
});
