import { EnvelopeFailure, openEnvelope, readEncodingAesKey, sealEnvelope } from '@wxthirdparty/wechat';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { Components } from '../component/components.ts';
import { PushArrivals } from '../component/push-arrivals.ts';
import { type OpenQueue, openQueue } from '../queue/queues.ts';
import { PushIntake, type ReceivedPush } from './accept.ts';
import { PushJob, type PushPayload } from './push-job.ts';

const settings = { appid: 'wxc', appsecret: 's', token: 'aToken', encodingAesKey: 'a'.repeat(43) };
const components = new Components([settings]);
const envelopeKeys = {
  appid: 'wxc',
  keys: [{ token: settings.token, aesKey: readEncodingAesKey(settings.encodingAesKey) }],
};

/** None of the accounts here is a test account. */
const releaseCheck = { respond: () => Promise.resolve(undefined) };

let server: TestRedis;
let redis: TestRedis['redis'];
let queue: OpenQueue<PushPayload>;
let intake: PushIntake;
let arrivals: PushArrivals;
beforeAll(async () => {
  server = await startRedis();
  redis = server.redis;
  queue = openQueue(PushJob, redis);
});
beforeEach(async () => {
  await redis.flushall();
  arrivals = new PushArrivals(redis);
  intake = new PushIntake(redis, components, queue, arrivals, releaseCheck);
});
afterAll(async () => {
  await queue.queue.close();
  await server.stop();
});

let nonce = 0;
/** One delivery, sealed freshly as WeChat does. */
function delivery(xml: string, url: 'events' | 'messages' = 'messages'): ReceivedPush {
  const [timestamp, once] = ['1700000000', String(++nonce)];
  const sealed = sealEnvelope(envelopeKeys, xml, { timestamp, nonce: once });
  return {
    component: 'wxc',
    url,
    appid: url === 'messages' ? 'wxa' : undefined,
    query: { timestamp, nonce: once, msg_signature: sealed.msgSignature },
    body: Buffer.from(`<xml><ToUserName>gh_1</ToUserName><Encrypt>${sealed.encrypt}</Encrypt></xml>`),
  };
}

const event = (more: string) =>
  '<xml><ToUserName>gh_1</ToUserName><FromUserName>o1</FromUserName><CreateTime>1700000000</CreateTime>' +
  `<MsgType>event</MsgType><Event>CLICK</Event>${more}</xml>`;
const injected = event('<EventKey>a</EventKey><InfoType>component_verify_ticket</InfoType>');

/** In all states. */
async function jobs(): Promise<number> {
  const counts = await queue.queue.getJobCounts();
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

it('enqueues a push once, however many copies come, at the same time or later', async () => {
  const copies = Array.from({ length: 8 }, () => intake.accept(delivery(event('<EventKey>1</EventKey>'))));
  await Promise.all(copies);
  expect(await intake.accept(delivery(event('<EventKey>1</EventKey>')))).toEqual({ outcome: 'seen' });
  expect(await jobs()).toBe(1);
  expect(await intake.accept(delivery(event('<EventKey>2</EventKey>')))).toEqual({ outcome: 'accepted' });
  expect(await jobs()).toBe(2);
});

it('recognizes a push by its mark for an hour, when its job is no longer kept', async () => {
  await intake.accept(delivery(event('')));
  await queue.queue.obliterate({ force: true });
  expect(await intake.accept(delivery(event('')))).toEqual({ outcome: 'seen' });
  expect(await jobs()).toBe(0);
  const [mark] = await redis.keys(redis.keyspace.seenPush('*'));
  const ttl = await redis.pttl(mark!);
  expect(ttl).toBeGreaterThan(3_500_000);
  expect(ttl).toBeLessThanOrEqual(3_600_000);
});

it('marks no push that it could not enqueue, so the next delivery is accepted', async () => {
  const broken = { ...queue, add: () => Promise.reject(new Error('Redis is away')) };
  const xml = event('<EventKey>lost?</EventKey>');
  await expect(new PushIntake(redis, components, broken, arrivals, releaseCheck).accept(delivery(xml))).rejects.toThrow(
    'Redis is away',
  );
  expect(await redis.keys(redis.keyspace.seenPush('*'))).toEqual([]);
  expect(await intake.accept(delivery(xml))).toEqual({ outcome: 'accepted' });
  expect(await jobs()).toBe(1);
});

it('has enqueued a push before it marks it: a process that dies in between loses nothing', async () => {
  const order: string[] = [];
  const xml = event('<EventKey>1</EventKey>');
  const watched = new Proxy(redis, {
    get(target, name) {
      if (name !== 'set') return Reflect.get(target, name).bind?.(target) ?? Reflect.get(target, name);
      return async (key: string) => {
        if (key.includes(':seen:')) order.push(`mark, ${await jobs()} job`);
        // The process dies.
        throw new Error('dead');
      };
    },
  });
  await new PushIntake(watched, components, queue, arrivals, releaseCheck).accept(delivery(xml));
  expect(order).toEqual(['mark, 1 job']);
  // The next delivery finds the job that waits, or makes another one if that has run; a job may run twice.
  await intake.accept(delivery(xml));
  expect(await jobs()).toBe(1);
});

it('takes every delivery of a ticket', async () => {
  const ticket =
    '<xml><AppId>wxc</AppId><CreateTime>1700000000</CreateTime><InfoType>component_verify_ticket</InfoType>' +
    '<ComponentVerifyTicket>t</ComponentVerifyTicket></xml>';
  for (let n = 0; n < 3; n++) {
    expect(await intake.accept(delivery(ticket, 'events'))).toEqual({ outcome: 'accepted' });
  }
  expect(await jobs()).toBe(3);
  expect(await redis.keys(redis.keyspace.seenPush('*'))).toEqual([]);
});

it('accepts an unreadable push, keeps it sealed with its reason, and makes no job of it', async () => {
  expect(await intake.accept(delivery(injected))).toEqual({ outcome: 'unreadable', reason: 'wrong_url' });
  expect(await intake.accept(delivery(injected))).toEqual({ outcome: 'seen' });
  expect(await intake.accept(delivery('no XML', 'events'))).toEqual({ outcome: 'unreadable', reason: 'broken_xml' });
  expect(await jobs()).toBe(0);

  const entries = await redis.xrange(redis.keyspace.unreadablePushes(), '-', '+');
  const kept = entries.map(([, list]) =>
    Object.fromEntries(list.flatMap((name, i) => (i % 2 === 0 ? [[name, list[i + 1]!]] : []))),
  );
  expect(kept).toMatchObject([
    { format: '1', component: 'wxc', url: 'messages', appid: 'wxa', reason: 'wrong_url' },
    { format: '1', component: 'wxc', url: 'events', appid: '', reason: 'broken_xml' },
  ]);
  expect(openEnvelope(envelopeKeys, JSON.parse(kept[0]!.envelope!)).xml).toBe(injected);
  expect(JSON.stringify(kept)).not.toContain('component_verify_ticket');
  expect(await redis.pttl(redis.keyspace.unreadablePushes())).toBeGreaterThan(0);
});

it('keeps the newest thousand of unreadable pushes, since anyone can write them', async () => {
  for (let n = 0; n < 1_005; n++) await intake.accept(delivery(`no XML ${n}`));
  expect(await redis.xlen(redis.keyspace.unreadablePushes())).toBe(1_000);
});

it('stores nothing of a push whose envelope is not valid', async () => {
  const forged = delivery(event(''));
  const other = sealEnvelope({ ...envelopeKeys, appid: 'wxother' }, event(''), { timestamp: '1700000000', nonce: '1' });
  const wrongAppid = {
    ...forged,
    query: { timestamp: '1700000000', nonce: '1', msg_signature: other.msgSignature },
    body: Buffer.from(`<xml><Encrypt>${other.encrypt}</Encrypt></xml>`),
  };
  const wrongSignature = { ...forged, query: { ...forged.query, msg_signature: '0'.repeat(40) } };
  for (const bad of [wrongAppid, wrongSignature, { ...forged, body: Buffer.from('<xml/>') }]) {
    await expect(intake.accept(bad)).rejects.toThrow(EnvelopeFailure);
  }
  await expect(intake.accept({ ...forged, component: 'wxd' })).rejects.toMatchObject({ code: 'unknown_component' });
  expect(await redis.keys('*')).toEqual([]);
  // But that they came is counted, in one record for each component.
  await arrivals.flush();
  expect(await redis.keys('*')).toEqual([redis.keyspace.refusedPushes('wxc')]);
  expect((await arrivals.read('wxc')).refused.map(({ reason, count }) => [reason, count])).toEqual([
    ['appid', 1],
    ['signature', 1],
    ['envelope', 1],
  ]);
  await intake.accept(forged);
  await expect.poll(async () => (await arrivals.read('wxc')).refused).toEqual([]);
});
