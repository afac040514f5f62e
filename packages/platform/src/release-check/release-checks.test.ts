import { TEST_ACCOUNTS } from '@wxthirdparty/wechat';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { databases, startDatabase, type TestDatabase } from '../../test/database.ts';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { type EventPayloads, Events } from '../events.ts';
import { type NoticeEntry, pushPlace, readEntry } from '../journal/stream-entry.ts';
import { Seals } from '../sealing/seals.ts';
import { IDLE_TIMEOUT_MS } from './check-log.ts';
import { ReleaseCheckStore } from './release-check-store.ts';
import { ReleaseChecks } from './release-checks.ts';
import type { ReceivedStep, StepReport } from './step-report.ts';

const seals = new Seals([Buffer.alloc(32, 1)]);
const [{ appid } = { appid: '' }] = TEST_ACCOUNTS;

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());
beforeEach(() => server.redis.flushall());

let entries = 0;
function report(name: StepReport['name'], changes: Partial<ReceivedStep> = {}): ReceivedStep {
  const at = 1_700_000_000_000 + 1_000 * ++entries;
  const rest = { code: null, ms: 5, expected: null, got: null, state: 'ok' } as const;
  return { component: 'wxc', appid, entry: `${at}-0`, at, name, ...rest, ...changes };
}

async function notices() {
  const found = await server.redis.xrange(server.redis.keyspace.pushStream, '-', '+');
  return found.map(([id, list]) => {
    const { id: push, component, type, sealed } = readEntry(id, list).content as NoticeEntry;
    return { id: push, type, data: JSON.parse(seals.openBytes(sealed, pushPlace(component, push)).toString()) };
  });
}

describe.each(databases)('release checks on %s', (kind) => {
  let database: TestDatabase;
  let checks: ReleaseChecks;
  let published: EventPayloads['release-check'][];
  beforeAll(async () => {
    database = await startDatabase(kind);
  });
  beforeEach(async () => {
    await database.sql.deleteFrom('release_checks').execute();
    const events = new Events();
    published = [];
    events.subscribe('release-check', (event) => published.push(event));
    checks = new ReleaseChecks({ redis: server.redis, seals, store: new ReleaseCheckStore(database.sql), events });
  });
  afterAll(() => database.stop());

  const listed = async () => (await checks.list({ limit: 10 })).items;

  it('keep the steps of a check, and its end is reported once', async () => {
    const steps = [report('authorized'), report('text', { expected: 'a', got: 'b' }), report('api_text')];
    await checks.record(steps);
    expect(await listed()).toMatchObject([
      { component: 'wxc', appid, kind: 'real', state: 'running', finishedAt: null },
    ]);
    expect(await notices()).toEqual([]);
    const last = report('unauthorized', { expectsCode: true });
    await checks.record([last]);
    const [check] = await listed();
    expect(check).toMatchObject({ state: 'passed', startedAt: new Date(steps[0]!.at), finishedAt: new Date(last.at) });
    expect(check?.steps).toContainEqual({
      ...{ name: 'text', state: 'ok', code: null, ms: 5, expected: 'a', got: 'b' },
    });
    expect(await checks.find(check!.id)).toEqual(check);
    expect(await notices()).toMatchObject([
      { type: 'release_check.finished', data: { releaseCheck: check!.id, kind: 'real', state: 'passed' } },
    ]);
    expect(published).toEqual([
      { check: check!.id, component: 'wxc', appid, kind: 'real', state: 'passed', failed: [] },
    ]);
  });

  it('are the same after a repeated batch, whose notice has the same id', async () => {
    const batch = [report('authorized'), report('api_text'), report('unauthorized', { expectsCode: true })];
    await checks.record(batch);
    const before = await listed();
    await checks.record(batch);
    expect(await listed()).toEqual(before);
    expect(new Set((await notices()).map(({ id }) => id)).size).toBe(1);
  });

  it('count a report that two journalers write at the same time once', async () => {
    const steps = [report('authorized'), report('text'), report('api_text')];
    await Promise.all([checks.record(steps), checks.record(steps)]);
    const [check, ...more] = await listed();
    expect(more).toEqual([]);
    expect(check?.steps.map(({ name }) => name)).toEqual(['authorized', 'text', 'api_text']);
    const rows = await database.sql.selectFrom('release_checks').select('steps').execute();
    expect(JSON.parse(rows[0]!.steps)).toHaveLength(3);
  });

  it('of different accounts are different checks; an account that is checked again has two', async () => {
    const other = TEST_ACCOUNTS[1]!.appid;
    await checks.record([report('authorized'), report('authorized', { appid: other }), report('unauthorized')]);
    await checks.record([report('authorized'), report('api_text', { state: 'failed', code: 'send_failed' })]);
    await checks.record([report('unauthorized', { expectsCode: true })]);
    const states = (await listed()).map((check) => [check.appid, check.state]);
    expect(states).toEqual([
      [appid, 'failed'],
      [other, 'running'],
      [appid, 'passed'],
    ]);
    expect(published.at(-1)).toMatchObject({ state: 'failed', failed: ['api_text: send_failed'] });
  });

  it('end ten minutes after the last step, if the account never ends its consent', async () => {
    const steps = [report('authorized'), report('api_text')];
    await checks.record(steps);
    const lastAt = steps[1]!.at;
    expect(await checks.endIdle('wxc', lastAt + IDLE_TIMEOUT_MS - 1)).toBe(0);
    expect(await checks.endIdle('wxother', lastAt + IDLE_TIMEOUT_MS)).toBe(0);
    expect(await checks.endIdle('wxc', lastAt + IDLE_TIMEOUT_MS)).toBe(1);
    expect(await checks.endIdle('wxc', lastAt + 2 * IDLE_TIMEOUT_MS)).toBe(0);
    expect(await listed()).toMatchObject([{ state: 'passed', finishedAt: new Date(lastAt + IDLE_TIMEOUT_MS) }]);
    expect(await notices()).toHaveLength(1);
  });

  it('are listed newest first, in pages, by component', async () => {
    for (let n = 0; n < 3; n++) await checks.record([report('authorized'), report('unauthorized')]);
    await checks.record([report('authorized', { component: 'wxother' })]);
    const first = await checks.list({ component: 'wxc', limit: 2 });
    const second = await checks.list({ component: 'wxc', limit: 2, cursor: first.next! });
    const times = [...first.items, ...second.items].map(({ startedAt }) => startedAt.getTime());
    expect(times).toEqual(times.toSorted((a, b) => b - a));
    expect(new Set(times).size).toBe(3);
    expect(second.next).toBeNull();
    await expect(checks.list({ limit: 2, cursor: 'x' })).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(checks.find('rc_none')).rejects.toMatchObject({ code: 'unknown_release_check' });
  });
});
