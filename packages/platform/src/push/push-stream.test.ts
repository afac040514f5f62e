import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startReplica } from '../../test/redis-replica.ts';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { Events } from '../events.ts';
import type { PushEntry } from '../journal/stream-entry.ts';
import { PushStream } from './push-stream.ts';

let server: TestRedis;
let redis: TestRedis['redis'];
let stream: PushStream;
const events = new Events();
const options = { events, usedMemoryShare: () => 0.1 };
beforeAll(async () => {
  server = await startRedis();
  redis = server.redis;
  stream = new PushStream(redis, { ...options, awaitsReplica: false });
});
beforeEach(async () => {
  await redis.flushall();
});
afterAll(() => server.stop());

const envelope = { timestamp: '1700000000', nonce: 'n', msgSignature: 'f'.repeat(40), encrypt: 'c2VhbGVk' };
function entry(id: string, asked?: string): PushEntry {
  const push = { kind: 'push', component: 'wxc', url: 'messages', appid: 'wxa' } as const;
  return { ...push, id, receivedAt: new Date(), envelope, asked };
}
const passive = { types: ['text'], maxArticles: 1 } as const;
const length = () => redis.xlen(redis.keyspace.pushStream);

it('pushes that are appended at the same time are all appended, in their order', async () => {
  const ids = Array.from({ length: 100 }, (_, n) => `id-${n}`);
  const outcomes = await Promise.all(ids.map((id) => stream.append(entry(id), { identity: id })));
  expect(new Set(outcomes.map(({ outcome }) => outcome))).toEqual(new Set(['appended']));
  const found = await redis.xrange(redis.keyspace.pushStream, '-', '+');
  expect(found.map(([, fields]) => fields[fields.indexOf('id') + 1])).toEqual(ids);
});

it('the first of two copies opens the reply record, and the second receives it', async () => {
  const [first, second] = await Promise.all([
    stream.append(entry('p', 'sub_1'), { identity: 'i', asks: { owner: 'gateway-1', passive } }),
    stream.append(entry('p', 'sub_1'), { identity: 'i', asks: { owner: 'gateway-2', passive } }),
  ]);
  expect(first).toEqual({ outcome: 'appended', seq: expect.any(Number) });
  const { seq } = first as { seq: number };
  const identity = { component: 'wxc', appid: 'wxa', subscription: 'sub_1', passive, seq };
  const record = { ...identity, state: 'open', isAbandoned: false };
  expect(second).toEqual({ outcome: 'seen', reply: record });
  expect(await redis.hget(redis.keyspace.pushReply('p'), 'owner')).toBe('gateway-1');
});

it('a push that no one is asked about has no reply record', async () => {
  await stream.append(entry('p'), { identity: 'i' });
  expect(await stream.append(entry('p'), { identity: 'i' })).toEqual({ outcome: 'seen', reply: undefined });
  expect(await redis.exists(redis.keyspace.pushReply('p'))).toBe(0);
});

it('a job of the queue is appended once, although it is marked as accepted', async () => {
  await redis.set(redis.keyspace.seenPush('i'), '1');
  expect(await stream.append(entry('p'), { identity: 'i' })).toMatchObject({ outcome: 'seen' });
  expect(await stream.append(entry('p'), { identity: 'i', fromQueue: true })).toMatchObject({ outcome: 'appended' });
  expect(await stream.append(entry('p'), { identity: 'i', fromQueue: true })).toMatchObject({ outcome: 'seen' });
  expect(await length()).toBe(1);
});

it('a push that no replica confirms is accepted and reported; a redelivery is not', async () => {
  const replica = await startReplica(server);
  const connection = server.connect();
  const waiting = new PushStream(connection, { ...options, awaitsReplica: true });
  const unconfirmed: string[] = [];
  const unsubscribe = events.subscribe('redis', (event) => {
    if (event.what === 'wait_unacked') unconfirmed.push(event.write);
  });
  const append = (id: string) => waiting.append(entry(id), { identity: id });
  try {
    replica.freeze();
    expect(await append('a')).toMatchObject({ outcome: 'appended' });
    unconfirmed.length = 0;
    const outcomes = await Promise.all(['a', 'b', 'c'].map(append));
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['seen', 'appended', 'appended']);
    expect(unconfirmed).toEqual(['push', 'push']);
  } finally {
    unsubscribe();
    waiting.close();
    connection.disconnect();
    await replica.stop();
  }
});
