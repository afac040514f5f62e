import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CallRequest } from '../../packages/platform/src/call/call.ts';
import { type CallId, newCallId } from '../../packages/platform/src/call/call-id.ts';
import { CallStore } from '../../packages/platform/src/call/call-store.ts';
import { Ledger } from '../../packages/platform/src/quota/ledger.ts';
import { defineScript } from '../../packages/platform/src/redis/script.ts';
import { Seals } from '../../packages/platform/src/sealing/seals.ts';
import { endpointOf } from '../../packages/wechat/src/catalogue/endpoint.ts';
import { RedisServer } from '../support/redis.ts';
import type { Bench, Round } from './bench.ts';
import { median } from './median.ts';

const ROUNDS = 15;
const CALLS = 500;
const MAX_BATCH_MS = 0.2;
const OWNER = { component: 'wx00000000000000c0', appid: 'wx00000000000000a1' };

const bench: Bench = {
  name: 'one departure',
  measured: 'p50 of `depart`: deadline, quota, claim, all in one round trip',
  against: 'p50 of a script that does nothing, on the same Redis',
  guide: { measuredAtMost: MAX_BATCH_MS },
  run,
};
export default bench;

const nothing = defineScript({ keys: [], lua: 'return 1' });

async function run() {
  const dir = await mkdtemp(join(tmpdir(), 'wxthirdparty-bench-'));
  const server = await RedisServer.start(dir);
  const redis = server.client();
  try {
    const store = new CallStore(redis, new Seals([randomBytes(32)]));
    const ledger = new Ledger(redis);
    const pair = { ...OWNER, path: request.path };
    const quota = ledger.scriptArgs(pair, endpointOf(request.method, request.path));
    const rounds: Round[] = [];
    let departed = 0;
    for (let round = 0; round <= ROUNDS; round++) {
      const calls = await Promise.all(Array.from({ length: CALLS }, () => created(store)));
      const [departing, waiting]: number[][] = [[], []];
      for (const call of calls) {
        // Neither is always the first.
        if (departing!.length % 2) waiting!.push(await took(() => nothing.run(redis, {})));
        departing!.push(
          await took(async () => {
            const { go } = await store.depart(call, randomUUID(), false, quota);
            if (go === 'yes') departed++;
          }),
        );
        if (departing!.length % 2) waiting!.push(await took(() => nothing.run(redis, {})));
      }
      if (round > 0) rounds.push({ measured: median(departing!), against: median(waiting!) });
    }
    return {
      unit: 'ms',
      rounds,
      facts: [{ what: 'every call departed', holds: departed === CALLS * (ROUNDS + 1) }],
    };
  } finally {
    redis.disconnect();
    await server.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

const request: CallRequest = {
  ...OWNER,
  method: 'POST',
  path: '/cgi-bin/message/custom/send',
  query: [],
  contentType: 'application/json',
  body: Buffer.from('{"touser":"o6_bmjrPTlm6_2sgVt7hMZOPfL2M","msgtype":"text","text":{"content":"你好"}}'),
  waitMs: 30_000,
  departWithinMs: 30_000,
};

async function created(store: CallStore): Promise<CallId> {
  const call = newCallId(OWNER.component, OWNER.appid);
  await store.create(call, request, 'bench');
  return call;
}

async function took(work: () => Promise<unknown>): Promise<number> {
  const begunAt = performance.now();
  await work();
  return performance.now() - begunAt;
}
