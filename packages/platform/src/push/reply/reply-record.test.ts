import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../../test/redis-server.ts';
import { defineScript } from '../../redis/script.ts';
import { REPLY_RECORD, ReplyRecords } from './reply-record.ts';

let server: TestRedis;
let redis: TestRedis['redis'];
let records: ReplyRecords;
beforeAll(async () => {
  server = await startRedis();
  redis = server.redis;
  records = new ReplyRecords(redis);
});
beforeEach(() => redis.flushall());
afterAll(() => server.stop());

const identity = {
  component: 'wxc',
  appid: 'wxa',
  subscription: 'sub_1',
  passive: { types: ['text'], maxArticles: 1 },
  seq: 1_700_000_000_000_005,
};
const open = defineScript({
  uses: [REPLY_RECORD],
  keys: ['record'],
  args: ['owner'],
  lua: `open_reply(record, owner, 'wxc', 'wxa', 'sub_1', '{"types":["text"],"maxArticles":1}', '1700000000000-5')`,
});
const opened = (id: string, owner: string) => open.run(redis, { record: redis.keyspace.pushReply(id) }, { owner });
/** As if its owner had not renewed it for three seconds. */
const abandon = (id: string) => redis.hset(redis.keyspace.pushReply(id), 'until', '1');
const mine = { by: 'owner', owner: 'me' } as const;
const entry = ['format', '1', 'kind', 'outcome'];
const entries = () => redis.xrange(redis.keyspace.pushStream, '-', '+');

it('is open with its identity for two minutes, and unknown otherwise', async () => {
  expect(await records.read('p')).toBeUndefined();
  await opened('p', 'me');
  expect(await records.read('p')).toEqual({ ...identity, state: 'open', isAbandoned: false });
  expect(await redis.pttl(redis.keyspace.pushReply('p'))).toBeGreaterThan(60_000);
});

describe('storing', () => {
  it('keeps the reply and appends the entry, once', async () => {
    await opened('p', 'me');
    expect(await records.store('p', mine, 'sealed', entry)).toEqual({ outcome: 'stored' });
    expect(await records.read('p')).toEqual({ ...identity, state: 'answered', reply: 'sealed' });
    expect(await records.store('p', mine, 'another', entry)).toEqual({ outcome: 'answered', reply: 'sealed' });
    expect((await entries()).map(([, fields]) => fields)).toEqual([entry]);
  });

  it('is refused after the record was closed', async () => {
    await opened('p', 'me');
    expect(await records.close('p', 'me')).toEqual({ outcome: 'closed' });
    expect(await records.store('p', mine, 'sealed', entry)).toEqual({ outcome: 'closed' });
    expect(await records.store('p', { by: 'request' }, 'sealed', entry)).toEqual({ outcome: 'closed' });
    expect(await entries()).toEqual([]);
  });

  it('is refused to a former owner', async () => {
    await opened('p', 'other');
    expect(await records.store('p', mine, 'sealed', entry)).toEqual({ outcome: 'not-held' });
    expect(await entries()).toEqual([]);
  });

  it('counts a record that Redis has lost as open, for an owner only', async () => {
    expect(await records.store('p', { by: 'request' }, 'sealed', entry)).toEqual({ outcome: 'not-held' });
    expect(await records.store('p', mine, 'sealed', entry)).toEqual({ outcome: 'stored' });
  });

  it('is permitted to a request while an owner waits', async () => {
    await opened('p', 'me');
    await abandon('p');
    expect(await records.store('p', { by: 'request' }, 'sealed', [])).toEqual({ outcome: 'not-held' });
    await records.renew(['p'], 'me');
    expect(await records.store('p', { by: 'request' }, 'sealed', [])).toEqual({ outcome: 'stored' });
  });

  it('is announced', async () => {
    const listener = redis.duplicate();
    await listener.subscribe(redis.keyspace.channels.pushReplies);
    const announced = new Promise((resolve) => listener.once('message', (_channel, id) => resolve(id)));
    await opened('p', 'me');
    await records.store('p', mine, '', []);
    expect(await announced).toBe('p');
    listener.disconnect();
  });
});

describe('closing', () => {
  it('returns a reply that was stored before', async () => {
    await opened('p', 'me');
    await records.store('p', { by: 'request' }, 'sealed', entry);
    expect(await records.close('p', 'me')).toEqual({ outcome: 'answered', reply: 'sealed' });
  });

  it('is refused to a former owner, and to no one where Redis lost the record', async () => {
    await opened('p', 'other');
    expect(await records.close('p', 'me')).toEqual({ outcome: 'not-held' });
    expect(await records.close('lost', 'me')).toEqual({ outcome: 'closed' });
    expect(await records.read('lost')).toMatchObject({ state: 'closed' });
  });
});

describe('taking over', () => {
  it('needs an owner that has stopped renewing, and has one winner', async () => {
    await opened('p', 'first');
    expect(await records.takeOver('p', 'me')).toBe(false);
    await abandon('p');
    expect(await records.read('p')).toMatchObject({ state: 'open', isAbandoned: true });
    expect(await records.takeOver('p', 'me')).toBe(true);
    expect(await records.takeOver('p', 'second')).toBe(false);
    expect(await records.store('p', { by: 'owner', owner: 'first' }, 'sealed', [])).toEqual({ outcome: 'not-held' });
    expect(await records.store('p', mine, 'sealed', [])).toEqual({ outcome: 'stored' });
  });

  it('is impossible once the record has ended', async () => {
    await opened('p', 'first');
    await records.close('p', 'first');
    await abandon('p');
    expect(await records.takeOver('p', 'me')).toBe(false);
    await records.renew(['p'], 'first');
    expect(await records.read('p')).toMatchObject({ state: 'closed' });
  });
});
