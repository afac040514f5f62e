import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../../test/redis-server.ts';
import { until } from '../../../test/until.ts';
import type { AskedOutcome } from '../../delivery/asked-outcome.ts';
import { Events } from '../../events.ts';
import { outcomePlace, readEntry } from '../../journal/stream-entry.ts';
import { Hints } from '../../redis/hints.ts';
import { defineScript } from '../../redis/script.ts';
import type { Reply } from '../../reply/reply.ts';
import type { ReplyLimits } from '../../reply/reply-limits.ts';
import { Seals } from '../../sealing/seals.ts';
import type { ReplyTerms } from '../../subscription/subscription.ts';
import type { AskedPush } from './asked-push.ts';
import { Asking, type ReceiverAnswer } from './asking.ts';
import { keptReplies } from './kept-reply.ts';
import type { LateReply } from './late-reply.ts';
import { RepeatedWrites } from './repeated-writes.ts';
import { REPLY_RECORD, ReplyRecords } from './reply-record.ts';

const seals = new Seals([randomBytes(32)]);
const kept = keptReplies(seals);
const events = new Events();
const everything: ReplyLimits = {
  types: ['text', 'image', 'voice', 'video', 'music', 'news', 'transfer'],
  maxArticles: 1,
};
const forMiniProgram: ReplyLimits = { types: ['transfer'], maxArticles: 1 };
const hello: Reply = { type: 'text', content: 'hello' };
const sorry: Reply = { type: 'text', content: 'one moment' };

let server: TestRedis;
let redis: TestRedis['redis'];
let subscriber: TestRedis['redis'];
let hints: Hints;
let records: ReplyRecords;
let writes: RepeatedWrites;
let late: LateReply[];
beforeAll(async () => {
  server = await startRedis();
  redis = server.redis;
  subscriber = Object.assign(redis.duplicate(), { keyspace: redis.keyspace });
  hints = new Hints(subscriber);
  records = new ReplyRecords(redis);
});
beforeEach(async () => {
  await redis.flushall();
  late = [];
  writes = new RepeatedWrites(events);
});
afterAll(async () => {
  subscriber.disconnect();
  await server.stop();
});

/** A receiver that answers when the test lets it. */
class Receiver {
  readonly asked: AskedPush[] = [];
  readonly #answers: ((answer: ReceiverAnswer) => void)[] = [];

  readonly ask = (asked: AskedPush, _before: Date, signal: AbortSignal): Promise<ReceiverAnswer> => {
    this.asked.push(asked);
    return new Promise((resolve) => {
      this.#answers.push(resolve);
      signal.addEventListener('abort', () => resolve({ at: 1, attempt: null, answer: null, isNotHandled: false }));
    });
  };

  answer(answer: Partial<ReceiverAnswer>): void {
    const attempt = { status: 200, code: null, ms: 1, answer: null, retryAfterMs: null };
    this.#answers.shift()!({ at: 1, attempt, answer: { kind: 'none' }, isNotHandled: false, ...answer });
  }

  reply(reply: Reply): void {
    this.answer({ answer: { kind: 'reply', reply } });
  }
}

function gateway(receiver: Receiver): Asking {
  return new Asking({
    redis,
    seals,
    hints,
    askReceiver: receiver.ask,
    enqueueLate: async (reply) => void late.push(reply),
    writes,
  });
}

/** Far longer than WeChat waits, so that no busy machine ends a wait that a test does not end. */
const WAIT_MS = 120_000;

let pushes = 0;
function asked(terms: Partial<ReplyTerms> = {}, more: Partial<AskedPush> = {}, type = 'message.text'): AskedPush {
  const push = {
    id: `push${++pushes}`,
    seq: 1,
    component: 'wxc',
    appid: 'wxa',
    handle: null,
    type,
    createTime: new Date(),
    receivedAt: new Date(),
    payload: Buffer.from('<xml/>'),
  };
  const reply = { waitMs: WAIT_MS, late: 'customer_message', fallback: null, maxInFlight: 10, ...terms } as const;
  const subscription = { id: 'sub_1', reply } as AskedPush['subscription'];
  return {
    push,
    subscription,
    limits: everything,
    passive: everything,
    answerBy: performance.now() + WAIT_MS,
    ...more,
  };
}

const openRecord = defineScript({
  uses: [REPLY_RECORD],
  keys: ['record'],
  args: ['owner'],
  lua: `open_reply(record, owner, 'wxc', 'wxa', 'sub_1', '', '1-0')`,
});
async function opened(one: AskedPush, owner: Asking): Promise<AskedPush> {
  await openRecord.run(redis, { record: redis.keyspace.pushReply(one.push.id) }, { owner: owner.owner });
  return one;
}

async function outcomes(): Promise<AskedOutcome[]> {
  const entries = await redis.xrange(redis.keyspace.pushStream, '-', '+');
  return entries.map(([id, fields]) => {
    const { content } = readEntry(id, fields);
    if (typeof content !== 'object' || content.kind !== 'outcome') throw new Error(`not an outcome: ${fields}`);
    const { component, push, subscription, sealed } = content;
    return JSON.parse(seals.openBytes(sealed, outcomePlace(component, push, subscription)).toString());
  });
}
async function outcomesOf(count: number): Promise<AskedOutcome[]> {
  await until('the outcomes are in the stream', async () => (await outcomes()).length >= count);
  return outcomes();
}
const nothing = () => {};

describe('a receiver that answers in time', () => {
  it('gives the user its reply, which redeliveries get, too', async () => {
    const receiver = new Receiver();
    const asking = gateway(receiver);
    const one = await opened(asked(), asking);
    const answer = asking.ask(one, nothing);
    receiver.reply(hello);
    expect(await answer).toEqual(hello);
    expect(await outcomes()).toMatchObject([{ attempt: { code: null }, reply: { state: 'passive', reason: null } }]);
    const other = gateway(receiver);
    expect(await other.redelivered(one, await records.read(one.push.id), () => nothing)).toEqual(hello);
    expect(receiver.asked).toHaveLength(1);
    await Promise.all([asking.close(), other.close()]);
  });

  it('without a reply means success, for redeliveries, too', async () => {
    const receiver = new Receiver();
    const asking = gateway(receiver);
    const one = await opened(asked({ fallback: sorry }), asking);
    const answer = asking.ask(one, nothing);
    receiver.answer({ answer: { kind: 'none' } });
    expect(await answer).toBeUndefined();
    expect(await asking.redelivered(one, await records.read(one.push.id), () => nothing)).toBeUndefined();
    expect(await outcomes()).toMatchObject([{ reply: { state: 'none' } }]);
    await asking.close();
  });

  it.each([
    ['a failed attempt', { attempt: failedAttempt(), answer: null }, null, sorry],
    ['an invalid answer', { answer: invalid() }, { state: 'invalid', reason: 'too_large' }, sorry],
    ['no handler', { attempt: failedAttempt(), answer: null, isNotHandled: true }, null, undefined],
  ] as const)('with %s', async (_name, answered, reply, expected) => {
    const receiver = new Receiver();
    const asking = gateway(receiver);
    const one = await opened(asked({ fallback: sorry }), asking);
    const answer = asking.ask(one, nothing);
    receiver.answer(answered);
    expect(await answer).toEqual(expected);
    expect(await outcomesOf(1)).toMatchObject([{ reply }]);
    expect(await records.read(one.push.id)).toMatchObject({ state: 'closed' });
    await asking.close();
  });

  it('with what WeChat does not take at once: the reply is late', async () => {
    const receiver = new Receiver();
    const asking = gateway(receiver);
    const one = await opened(asked({}, { passive: forMiniProgram }), asking);
    const answer = asking.ask(one, nothing);
    receiver.reply(hello);
    expect(await answer).toBeUndefined();
    expect(await outcomesOf(1)).toMatchObject([{ attempt: { code: null }, reply: null }]);
    expect(late).toMatchObject([{ push: one.push.id, subscription: 'sub_1', reply: hello }]);
    await asking.close();
  });
});

describe('a receiver that answers late', () => {
  it('has its reply sent afterwards, while WeChat gets the fallback', async () => {
    const receiver = new Receiver();
    const asking = gateway(receiver);
    const one = await opened(asked({ waitMs: 20, fallback: sorry }), asking);
    let released = 0;
    expect(await asking.ask(one, () => released++)).toEqual(sorry);
    expect(await asking.redelivered(one, await records.read(one.push.id), () => nothing)).toEqual(sorry);
    expect([late, released]).toEqual([[], 0]);
    receiver.reply(hello);
    expect(await outcomesOf(1)).toMatchObject([{ reply: null }]);
    expect(late).toMatchObject([{ reply: hello }]);
    expect(released).toBe(1);
    await asking.close();
  });

  it('has it dropped where late replies are disabled', async () => {
    const receiver = new Receiver();
    const asking = gateway(receiver);
    const one = await opened(asked({ waitMs: 0, late: null }), asking);
    expect(await asking.ask(one, nothing)).toBeUndefined();
    receiver.reply(hello);
    expect(await outcomesOf(1)).toMatchObject([{ reply: { state: 'dropped', reason: 'late_disabled' } }]);
    expect(late).toEqual([]);
    await asking.close();
  });

  it('is not waited for during a shutdown, and reports no attempt', async () => {
    const receiver = new Receiver();
    const asking = gateway(receiver);
    const one = await opened(asked({ waitMs: 0 }), asking);
    await asking.ask(one, nothing);
    await asking.close();
    await writes.close();
    expect(await outcomes()).toEqual([]);
  });

  it('gets no fallback for an event', async () => {
    const receiver = new Receiver();
    const asking = gateway(receiver);
    const one = await opened(asked({ waitMs: 0, fallback: sorry }, {}, 'event.subscribe'), asking);
    expect(await asking.ask(one, nothing)).toBeUndefined();
    await asking.close();
  });
});

describe('a reply by a request to our API', () => {
  const byRequest = (one: AskedPush) =>
    records.store(one.push.id, { by: 'request' }, kept.seal(one.push.id, hello), []);

  it('reaches the user at once after a 202', async () => {
    const receiver = new Receiver();
    const asking = gateway(receiver);
    const one = await opened(asked(), asking);
    const answer = asking.ask(one, nothing);
    receiver.answer({ answer: { kind: 'later' } });
    expect(await outcomesOf(1)).toMatchObject([{ attempt: { code: null }, reply: null }]);
    expect(await byRequest(one)).toEqual({ outcome: 'stored' });
    expect(await answer).toEqual(hello);
    await asking.close();
  });

  it('is taken before the receiver has answered, whose own reply is then dropped', async () => {
    const receiver = new Receiver();
    const asking = gateway(receiver);
    const one = await opened(asked(), asking);
    const answer = asking.ask(one, nothing);
    await byRequest(one);
    expect(await answer).toEqual(hello);
    receiver.reply(sorry);
    expect(await outcomesOf(1)).toMatchObject([{ reply: { state: 'dropped', reason: 'already_replied' } }]);
    await asking.close();
  });

  it('comes too late once the waiting has ended', async () => {
    const receiver = new Receiver();
    const asking = gateway(receiver);
    const one = await opened(asked({ waitMs: 0 }), asking);
    await asking.ask(one, nothing);
    expect(await byRequest(one)).toEqual({ outcome: 'closed' });
    await asking.close();
  });
});

describe('several gateways', () => {
  it('answer a redelivery with what the owner is still waiting for', async () => {
    const receiver = new Receiver();
    const [owner, other] = [gateway(receiver), gateway(receiver)];
    const one = await opened(asked(), owner);
    const answers = [owner.ask(one, nothing), other.redelivered(one, await records.read(one.push.id), () => nothing)];
    receiver.reply(hello);
    expect(await Promise.all(answers)).toEqual([hello, hello]);
    expect(receiver.asked).toHaveLength(1);
    await Promise.all([owner.close(), other.close()]);
  });

  it('take over from one that has died, whose late answer counts for nothing', async () => {
    const receiver = new Receiver();
    const [frozen, other] = [gateway(receiver), gateway(receiver)];
    const one = await opened(asked(), frozen);
    const first = frozen.ask(one, nothing);
    await redis.hset(redis.keyspace.pushReply(one.push.id), 'until', '1');
    const second = other.redelivered(one, await records.read(one.push.id), () => nothing);
    await until('the other gateway asks', () => receiver.asked.length === 2);
    receiver.reply(sorry);
    expect(await first).toBeUndefined();
    receiver.reply(hello);
    expect(await second).toEqual(hello);
    expect(await outcomes()).toMatchObject([{ reply: { state: 'passive' } }]);
    await Promise.all([frozen.close(), other.close()]);
  });

  it('answer alike where Redis has lost the record', async () => {
    const receiver = new Receiver();
    const asking = gateway(receiver);
    const one = await opened(asked({ fallback: sorry }), asking);
    const answer = asking.ask(one, nothing);
    await redis.flushall();
    receiver.reply(hello);
    expect(await answer).toEqual(hello);
    const other = gateway(receiver);
    expect(await other.redelivered(one, await records.read(one.push.id), () => nothing)).toEqual(hello);
    await Promise.all([asking.close(), other.close()]);
  });
});

function failedAttempt() {
  return { status: 500, code: 'status', ms: 1, answer: 'oops', retryAfterMs: null } as const;
}

function invalid() {
  return { kind: 'invalid', reason: 'too_large', detail: 'long' } as const;
}
