import { EnvelopeFailure, openEnvelope, readEncodingAesKey, sealEnvelope } from '@wxthirdparty/wechat';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { Components } from '../component/components.ts';
import { PushArrivals } from '../component/push-arrivals.ts';
import { Events } from '../events.ts';
import { readEntry } from '../journal/stream-entry.ts';
import { type OpenQueue, openQueue } from '../queue/queues.ts';
import { PushIntake, type PushIntakeParts, type ReceivedPush } from './accept.ts';
import { PushJob, type PushPayload } from './push-job.ts';
import { PushStream } from './push-stream.ts';

const settings = { appid: 'wxc', appsecret: 's', token: 'aToken', encodingAesKey: 'a'.repeat(43) };
const RETENTION_MS = 7 * 24 * 60 * 60_000;
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
let parts: PushIntakeParts;
const gate = { isOpen: false };
/** No receiver is asked. */
const replies = { plan: () => undefined, redelivered: async () => undefined };
/** What was published about the pushes. */
const received: unknown[] = [];
const events = new Events();
events.subscribe('push-received', (event) => void received.push(event));
let usedMemoryShare: number;
beforeAll(async () => {
  server = await startRedis();
  redis = server.redis;
  queue = openQueue(PushJob, redis);
});
beforeEach(async () => {
  await redis.flushall();
  arrivals = new PushArrivals(redis);
  gate.isOpen = false;
  received.length = 0;
  usedMemoryShare = 0.1;
  const stream = new PushStream(redis, {
    events: new Events(),
    awaitsReplica: false,
    usedMemoryShare: () => usedMemoryShare,
  });
  parts = {
    redis,
    components,
    queue,
    stream,
    gate,
    releaseCheck,
    replies,
    arrivals,
    events,
    retentionMs: RETENTION_MS,
  };
  intake = new PushIntake(parts);
});
afterAll(async () => {
  await queue.queue.close();
  await server.stop();
});

let nonce = 0;
/** One delivery, sealed freshly as WeChat does. */
function delivery(xml: string, url: 'events' | 'messages' = 'messages', signedAt = Date.now()): ReceivedPush {
  const [timestamp, once] = [String(Math.floor(signedAt / 1_000)), String(++nonce)];
  const sealed = sealEnvelope(envelopeKeys, xml, { timestamp, nonce: once });
  return {
    component: 'wxc',
    url,
    appid: url === 'messages' ? 'wxa' : undefined,
    query: { timestamp, nonce: once, msg_signature: sealed.msgSignature },
    startedAt: performance.now(),
    body: Buffer.from(`<xml><ToUserName>gh_1</ToUserName><Encrypt>${sealed.encrypt}</Encrypt></xml>`),
  };
}

const event = (more: string) =>
  '<xml><ToUserName>gh_1</ToUserName><FromUserName>o1</FromUserName><CreateTime>1700000000</CreateTime>' +
  `<MsgType>event</MsgType><Event>CLICK</Event>${more}</xml>`;
const notice = (more: string) => `<xml><AppId>wxc</AppId><CreateTime>1700000000</CreateTime>${more}</xml>`;
const ticket = notice('<InfoType>component_verify_ticket</InfoType><ComponentVerifyTicket>t</ComponentVerifyTicket>');
const injected = event('<EventKey>a</EventKey><InfoType>component_verify_ticket</InfoType>');

/** In all states. */
async function jobs(): Promise<number> {
  const counts = await queue.queue.getJobCounts();
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** What is in the stream. */
async function entries() {
  const found = await redis.xrange(redis.keyspace.pushStream, '-', '+');
  return found.map(([streamId, list]) => readEntry(streamId, list).content);
}

describe('while workers serve the stream', () => {
  beforeEach(() => {
    gate.isOpen = true;
  });

  it('a push of the message URL is appended once, sealed, however many copies come', async () => {
    const xml = event('<EventKey>secret-key</EventKey>');
    const copies = await Promise.all(Array.from({ length: 8 }, () => intake.accept(delivery(xml))));
    expect(copies.filter(({ outcome }) => outcome === 'accepted')).toHaveLength(1);
    expect(await intake.accept(delivery(xml))).toEqual({ outcome: 'seen' });
    expect(await intake.accept(delivery(event('<EventKey>2</EventKey>')))).toEqual({ outcome: 'accepted' });
    const [first, ...others] = await entries();
    expect(others).toHaveLength(1);
    expect(first).toMatchObject({ kind: 'push', component: 'wxc', url: 'messages', appid: 'wxa', asked: undefined });
    if (typeof first !== 'object' || first.kind !== 'push') throw new Error('it is no push');
    expect(openEnvelope(envelopeKeys, first.envelope).xml).toBe(xml);
    expect(JSON.stringify(first)).not.toContain('secret-key');
    expect(await jobs()).toBe(0);

    const marks = await redis.keys(redis.keyspace.seenPush('*'));
    expect(marks).toHaveLength(2);
    expect(await redis.mget(marks)).toContain(first.id);
    const ttl = await redis.pttl(marks[0]!);
    expect(ttl).toBeGreaterThan(3_500_000);
    expect(ttl).toBeLessThanOrEqual(3_600_000);
  });

  it('marks no push that it could not append, so the next delivery is accepted', async () => {
    const { pushStream } = redis.keyspace;
    await redis.set(pushStream, 'no stream');
    await expect(intake.accept(delivery(event('')))).rejects.toThrow('WRONGTYPE');
    await redis.del(pushStream);
    expect(await redis.keys(redis.keyspace.seenPush('*'))).toEqual([]);
    expect(await intake.accept(delivery(event('')))).toEqual({ outcome: 'accepted' });
  });

  it('an unreadable push of either URL is appended, and no job is made of it', async () => {
    expect(await intake.accept(delivery(injected))).toEqual({ outcome: 'unreadable', reason: 'wrong_url' });
    expect(await intake.accept(delivery(injected))).toEqual({ outcome: 'seen' });
    expect(await intake.accept(delivery('no XML', 'events'))).toEqual({ outcome: 'unreadable', reason: 'broken_xml' });
    expect(await entries()).toMatchObject([{ url: 'messages' }, { url: 'events', appid: undefined }]);
    expect(await jobs()).toBe(0);
  });

  it('pushes of the event URL are jobs as ever', async () => {
    const revoked = notice('<InfoType>unauthorized</InfoType><AuthorizerAppid>wxa</AuthorizerAppid>');
    expect(await intake.accept(delivery(revoked, 'events'))).toEqual({ outcome: 'accepted' });
    expect(await intake.accept(delivery(revoked, 'events'))).toEqual({ outcome: 'seen' });
    expect(await jobs()).toBe(1);
    expect(await entries()).toEqual([]);
  });

  it('a push that was signed before the journal begins is not stored; one that is about last year is', async () => {
    const old = delivery(event(''), 'messages', Date.now() - RETENTION_MS - 5_000);
    expect(await intake.accept(old)).toEqual({ outcome: 'too-old' });
    expect(await redis.keys('*')).toEqual([redis.keyspace.lastPush('wxc')]);
    // Its CreateTime is of 2023.
    expect(await intake.accept(delivery(event('')))).toEqual({ outcome: 'accepted' });
  });

  it('while Redis is nearly full, tickets are accepted and messages are not', async () => {
    usedMemoryShare = 0.81;
    await expect(intake.accept(delivery(event('')))).rejects.toMatchObject({ code: 'overloaded' });
    expect(await redis.keys(redis.keyspace.seenPush('*'))).toEqual([]);
    expect(await intake.accept(delivery(ticket, 'events'))).toEqual({ outcome: 'accepted' });
    usedMemoryShare = 0.8;
    expect(await intake.accept(delivery(event('')))).toEqual({ outcome: 'accepted' });
  });

  it('a push that is a job of the queue is recognized', async () => {
    gate.isOpen = false;
    await intake.accept(delivery(event('')));
    gate.isOpen = true;
    expect(await intake.accept(delivery(event('')))).toEqual({ outcome: 'seen' });
    expect(await entries()).toEqual([]);
  });
});

describe('while an older process lives', () => {
  it('a push that is in the stream is recognized', async () => {
    gate.isOpen = true;
    await intake.accept(delivery(event('')));
    gate.isOpen = false;
    expect(await intake.accept(delivery(event('')))).toEqual({ outcome: 'seen' });
    expect(await jobs()).toBe(0);
  });

  it('unreadable pushes are appended, since an older version would act on their content, but not without limit', async () => {
    expect(await intake.accept(delivery(injected))).toEqual({ outcome: 'unreadable', reason: 'wrong_url' });
    expect(await entries()).toMatchObject([{ kind: 'push' }]);
    expect(await jobs()).toBe(0);
    const filling = redis.pipeline();
    for (let n = 0; n < 998; n++) filling.xadd(redis.keyspace.pushStream, '*', 'n', n);
    await filling.exec();
    for (const xml of ['no XML 1', 'no XML 2', 'no XML 3']) {
      expect(await intake.accept(delivery(xml))).toEqual({ outcome: 'unreadable', reason: 'broken_xml' });
    }
    expect(await redis.xlen(redis.keyspace.pushStream)).toBe(1_000);
  });

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
    await expect(new PushIntake({ ...parts, queue: broken }).accept(delivery(xml))).rejects.toThrow('Redis is away');
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
    await new PushIntake({ ...parts, redis: watched }).accept(delivery(xml));
    expect(order).toEqual(['mark, 1 job']);
    // The next delivery finds the job that waits, or makes another one if that has run; a job may run twice.
    await intake.accept(delivery(xml));
    expect(await jobs()).toBe(1);
  });

  it('takes every delivery of a ticket', async () => {
    for (let n = 0; n < 3; n++) {
      expect(await intake.accept(delivery(ticket, 'events'))).toEqual({ outcome: 'accepted' });
    }
    expect(await jobs()).toBe(3);
    expect(await redis.keys(redis.keyspace.seenPush('*'))).toEqual([]);
  });
});

it('stores nothing of a push whose envelope is not valid', async () => {
  const forged = delivery(event(''));
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const other = sealEnvelope({ ...envelopeKeys, appid: 'wxother' }, event(''), { timestamp, nonce: '1' });
  const wrongAppid = {
    ...forged,
    query: { timestamp, nonce: '1', msg_signature: other.msgSignature },
    body: Buffer.from(`<xml><Encrypt>${other.encrypt}</Encrypt></xml>`),
  };
  const wrongSignature = { ...forged, query: { ...forged.query, msg_signature: '0'.repeat(40) } };
  for (const bad of [wrongAppid, wrongSignature, { ...forged, body: Buffer.from('<xml/>') }]) {
    await expect(intake.accept(bad)).rejects.toThrow(EnvelopeFailure);
  }
  await expect(intake.accept({ ...forged, component: 'wxd' })).rejects.toMatchObject({ code: 'unknown_component' });
  // But that they came is counted, in one record for each component, which is written a second later.
  const counts = redis.keyspace.refusedPushes('wxc');
  expect((await redis.keys('*')).filter((key) => key !== counts)).toEqual([]);
  await arrivals.flush();
  expect(await redis.keys('*')).toEqual([counts]);
  expect((await arrivals.read('wxc')).refused.map(({ reason, count }) => [reason, count])).toEqual([
    ['appid', 1],
    ['signature', 1],
    ['envelope', 1],
  ]);
  await intake.accept(forged);
  await expect.poll(async () => (await arrivals.read('wxc')).refused).toEqual([]);
});

it('publishes what became of each push', async () => {
  gate.isOpen = true;
  const xml = event('<EventKey>published</EventKey>');
  await intake.accept(delivery(xml));
  await intake.accept(delivery(xml));
  await intake.accept(delivery(xml, 'messages', Date.now() - 2 * RETENTION_MS));
  const forged = delivery(xml);
  await expect(
    intake.accept({ ...forged, query: { ...forged.query, msg_signature: '0'.repeat(40) } }),
  ).rejects.toThrow();
  const of = { component: 'wxc', appid: 'wxa', url: 'messages', ms: expect.any(Number) };
  expect(received).toEqual([
    { ...of, result: 'accepted' },
    { ...of, result: 'duplicates' },
    { ...of, result: 'tooOld' },
    { ...of, result: 'refused', refusal: { status: 403, reason: 'signature' } },
  ]);
});
