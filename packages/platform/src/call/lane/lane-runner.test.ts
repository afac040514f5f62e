import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../../test/redis-server.ts';
import { until } from '../../../test/until.ts';
import { Seals } from '../../sealing/seals.ts';
import type { CallRequest } from '../call.ts';
import { newCallId, parseCallId } from '../call-id.ts';
import { CallStore } from '../call-store.ts';
import type { CallRunResult } from '../run.ts';
import { FormerLaneStore } from './former/former-lane-store.ts';
import type { LaneFormat } from './lane-format.ts';
import type { LaneOwner } from './lane-owner.ts';
import { LaneRunner } from './lane-runner.ts';
import { LaneStore } from './lane-store.ts';

type Perform = (id: string, signal: AbortSignal) => Promise<CallRunResult>;

let server: TestRedis;
let calls: CallStore;
let closing: (() => Promise<void>)[];
/** What the lane's backlog was set to: a time, or what it is. */
let backlog: (number | 'rest')[];
let failures: unknown[];
let perform: Perform;
let inFlight: number;
let mostInFlight: number;
let sent: string[];
beforeAll(async () => {
  server = await startRedis();
  calls = new CallStore(server.redis, new Seals([randomBytes(32)]));
});
afterAll(() => server.stop());
beforeEach(async () => {
  await server.redis.flushall();
  [closing, backlog, failures, sent] = [[], [], [], []];
  [inFlight, mostInFlight] = [0, 0];
  perform = async () => done;
});
afterEach(() => Promise.all(closing.map((close) => close())));

const owner: LaneOwner = { component: 'wxc', appid: 'wxa' };
const SEND = '/cgi-bin/message/custom/send';
const done: CallRunResult = { done: true, outcome: 'completed', attempts: 1 };
const again = (delayMs: number): CallRunResult => ({ done: false, delayMs, until: 'again' });

async function append(change: Partial<CallRequest> = {}, format: LaneFormat = 'current'): Promise<string> {
  const call = newCallId(owner.component, owner.appid);
  const request = { appid: 'wxa', method: 'POST', path: SEND, query: [], waitMs: 0, departWithinMs: 60_000, ...change };
  expect(await calls.create(call, request, 'g')).toBe('made');
  expect(await calls.enterLane(call, request.path, format)).not.toBe('gone');
  return call.id;
}

async function appendAll(count: number, change: Partial<CallRequest> = {}): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i++) ids.push(await append(change));
  return ids;
}

/** A process: its batches run one after the other, as those of one job do. */
function process(concurrency = 10) {
  let job: Promise<void> | undefined;
  let [isWoken, isClosed] = [false, false];
  const wake = async () => {
    isWoken = !isClosed;
    if (isWoken) job ??= run();
  };
  const signal = new AbortController().signal;
  const run = async () => {
    while (isWoken) {
      isWoken = false;
      await runner.runBatch(owner, signal);
    }
    job = undefined;
  };
  const runner = new LaneRunner({
    store: new LaneStore(server.redis),
    former: new FormerLaneStore(server.redis),
    lanes: {
      wake,
      sleep: async (_owner, forMs, format) => {
        if (format === 'current') backlog.push(forMs);
        if (forMs < 1_000) setTimeout(() => void wake(), forMs);
      },
      rest: async (_owner, format) => {
        if (format === 'current') backlog.push('rest');
      },
      hasFormer: async () => (await new FormerLaneStore(server.redis).length(owner)) > 0,
    },
    gate: { yields: () => false },
    perform: async (id, abort) => {
      mostInFlight = Math.max(mostInFlight, ++inFlight);
      try {
        return await perform(id, abort);
      } finally {
        inFlight--;
      }
    },
    failed: (error) => failures.push(error),
  });
  const open = runner.open({ concurrency });
  const close = (timeoutMs: number) => {
    isClosed = true;
    return open.close(timeoutMs);
  };
  closing.push(async () => {
    await close(5_000);
    await job;
  });
  return { wake, close };
}

const rests = () => until('the lane rests', () => backlog.at(-1) === 'rest' && inFlight === 0);

it('sends several calls at the same time, at most as many as allowed in two processes together', async () => {
  perform = async (id) => {
    sent.push(id);
    await until('as many as may be are in flight', () => mostInFlight >= 10);
    await pause(20);
    return done;
  };
  const ids = await appendAll(90);
  const [a, b] = [process(), process()];
  await Promise.all([a.wake(), b.wake()]);
  await rests();
  expect(sent.toSorted()).toEqual(ids.toSorted());
  expect(mostInFlight).toBe(10);
});

it('a batch ends although its calls are in flight, and their ends wake the lane for what waits', async () => {
  const gates: (() => void)[] = [];
  perform = (id) => {
    sent.push(id);
    return new Promise((resolve) => gates.push(() => resolve(done)));
  };
  await appendAll(3, { orderKey: 'k' });
  const { wake } = process();
  await wake();
  await until('the batch has ended', () => backlog.length > 0);
  expect(sent).toHaveLength(1);
  for (let calls = 2; calls <= 3; calls++) {
    gates.shift()!();
    await until('the next one departs', () => sent.length === calls);
  }
  gates.shift()!();
  await rests();
});

it('calls with one order key are sent one after the other, also when one is repeated', async () => {
  const tries = new Map<string, number>();
  perform = async (id) => {
    sent.push(id);
    tries.set(id, (tries.get(id) ?? 0) + 1);
    await pause(Math.random() * 5);
    return id === ids[1] && tries.get(id)! < 4 ? again(30) : done;
  };
  const ids = await appendAll(5, { orderKey: 'k' });
  const others = await appendAll(5);
  await process().wake();
  await rests();
  const mine = sent.filter((id) => ids.includes(id));
  expect(mine).toEqual([ids[0], ...Array.from({ length: 4 }, () => ids[1]), ...ids.slice(2)]);
  // The repeated call has delayed none of the others.
  const lastOther = Math.max(...others.map((id) => sent.indexOf(id)));
  expect(lastOther).toBeLessThan(sent.lastIndexOf(ids[1]!));
});

it('an internal error ends the run of one call only, and is reported', async () => {
  let isBroken = true;
  perform = async (id) => {
    sent.push(id);
    if (id === ids[0] && isBroken) {
      isBroken = false;
      throw new Error('broken');
    }
    return done;
  };
  const ids = await appendAll(3);
  const { wake } = process();
  await wake();
  await until('the others have ended', async () => (await new LaneStore(server.redis).length(owner)) === 1);
  expect(failures).toMatchObject([{ message: 'broken' }]);
  await until('it is due again', async () => {
    await wake();
    return sent.length === 4;
  });
  await rests();
  expect(sent.at(-1)).toBe(ids[0]);
});

it('large bodies wait until others of this process have ended', async () => {
  let [bytes, most] = [0, 0];
  const size = 12 * 1024 * 1024;
  perform = async () => {
    bytes += size;
    most = Math.max(most, bytes);
    await until('as many as may be are in flight', () => most >= 5 * size);
    await pause(20);
    bytes -= size;
    return done;
  };
  const body = Buffer.alloc(size);
  await appendAll(7, { body });
  await process().wake();
  await rests();
  expect(most).toBe(5 * size);
});

it('a shutdown waits for calls in flight, aborts those that take too long, and another process continues', async () => {
  perform = (id, signal) =>
    new Promise((resolve) => {
      sent.push(id);
      signal.addEventListener('abort', () => resolve({ done: false, requeue: true }));
    });
  const ids = await appendAll(2);
  const first = process();
  await first.wake();
  await until('they are in flight', () => sent.length === 2);
  await first.close(300);
  expect(inFlight).toBe(0);
  perform = async (id) => {
    sent.push(id);
    return done;
  };
  await process().wake();
  await rests();
  expect(sent).toEqual([...ids, ...ids]);
});

it('calls of the former format are sent first, one after the other', async () => {
  perform = async (id) => {
    sent.push(id);
    await pause(5);
    await calls.cancel(parseCallId(id)!);
    return done;
  };
  const behind = await append();
  const former = await Promise.all([append({}, 'former')]);
  former.push(await append({}, 'former'));
  const { wake } = process();
  await wake();
  await rests();
  expect(sent).toEqual([...former, behind]);
});

it('one at a time: in the order in which they were accepted', async () => {
  perform = async (id) => {
    sent.push(id);
    await pause(Math.random() * 5);
    return done;
  };
  const ids = await appendAll(30);
  const [a, b] = [process(1), process(1)];
  await Promise.all([a.wake(), b.wake()]);
  await rests();
  expect(sent).toEqual(ids);
  expect(mostInFlight).toBe(1);
});
