import { randomBytes } from 'node:crypto';
import type { WeChatResponse } from '@wxthirdparty/wechat';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import type { DueSet } from '../authorizer/due-set.ts';
import { Ledger } from '../quota/ledger.ts';
import { Seals } from '../redis/sealed.ts';
import type { Tokens } from '../token/tokens.ts';
import { type CallId, newCallId } from './call-id.ts';
import { CallStore } from './call-store.ts';
import { Holds } from './holds.ts';
import { type PerformOptions, perform } from './perform.ts';

let server: TestRedis;
let store: CallStore;
let ledger: Ledger;
beforeAll(async () => {
  server = await startRedis();
  store = new CallStore(server.redis, new Seals([randomBytes(32)]));
  ledger = new Ledger(server.redis);
});
afterAll(() => server.stop());
beforeEach(() => server.redis.flushall());

const READ = '/cgi-bin/user/info';
const SEND = '/cgi-bin/message/custom/send';
const owner = { component: 'wxc', appid: 'wxa' };
const unlimited = { dailyLimit: undefined, minuteLimit: undefined };

async function created(path: string): Promise<CallId> {
  const call = newCallId(owner.component, owner.appid);
  const method = path === READ ? 'GET' : 'POST';
  const request = { appid: owner.appid, method, path, query: [], waitMs: 30_000, departWithinMs: 60_000 };
  await store.create(call, request, 'gateway-1');
  return call;
}

/** Runs calls at a WeChat that always answers the same. */
function runs(body: string) {
  let requests = 0;
  const send = async (): Promise<WeChatResponse> => {
    requests++;
    return { status: 200, headers: { 'content-type': 'application/json' }, body: Buffer.from(body) };
  };
  const options = {
    store,
    holds: new Holds(store),
    ledger,
    tokens: {
      get: async () => ({ owner: { kind: 'authorizer', ...owner }, value: 'T', version: 1, trustedUntil: new Date() }),
      distrust: async () => 'replaced',
      succeeded: () => {},
    } as unknown as Tokens,
    dueSet: { markUsed: async () => {} } as unknown as DueSet,
    clears: { hear: async () => {} },
    transport: { send, close: async () => {} },
    apiBase: 'http://wechat',
    here: { isHere: () => false, hear: () => {} },
  } satisfies PerformOptions;
  return { run: (call: CallId) => perform(call.id, new AbortController().signal, options), requests: () => requests };
}

describe.each([
  ['safe to repeat', READ],
  ['not safe to repeat', SEND],
])('the probe of a closed day by a call that is %s', (_, path) => {
  const pair = { ...owner, path };
  const isClosed = async () => (await ledger.usage(pair, unlimited)).closedUntil !== undefined;
  beforeEach(async () => {
    await ledger.close(pair, 'day', Date.now() + 1_000, unlimited);
    await server.redis.hset(`wx:{wxc:wxa}:quota:${path}`, 'probeAt', '1');
  });

  it.each([
    ['a refused token', '{"errcode":40001}'],
    ['−1', '{"errcode":-1}'],
    ['a page of HTML', '<html>busy</html>'],
    ['nothing', ''],
  ])('leaves it closed where it is answered by %s, with one request', async (_, body) => {
    const { run, requests } = runs(body);
    const call = await created(path);
    for (let n = 0; n < 3; n++) await run(call);
    expect([requests(), await isClosed()]).toEqual([1, true]);
  });

  it('reopens it where WeChat answers', async () => {
    await runs('{"errcode":0}').run(await created(path));
    expect(await isClosed()).toBe(false);
  });
});
