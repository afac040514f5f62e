import type { Redis } from 'ioredis';
import { DEFAULT_REDIS_PREFIX } from '../../packages/platform/src/redis/keys.ts';
import { SERVICE_ACCOUNT } from '../support/deployment.ts';
import type { Bench, Round } from './bench.ts';
import { Crossing } from './crossing.ts';
import { memoryMb } from './process-cost.ts';

const CALLS = Number(process.env.BENCH_CALLS ?? 200_000);
const CALLERS = 32;
const STEPS = 10;
/** By then caches are full, and V8 has sized its heap. */
const WARM_STEPS = 3;
const MAX_GROWTH = 1.1;
/** Of `/v1`, whose outcomes are stored; each of the same account, so that its list grows, too. */
const STORED_CALLS = CALLS / 10;
const RETENTION_MS = 15 * 60_000;

const bench: Bench = {
  name: 'memory over very many calls that a node sends itself',
  measured: 'the node after a later step',
  against: `the same once ${WARM_STEPS} of ${STEPS} steps were done`,
  guide: { atMost: MAX_GROWTH },
  run,
};
export default bench;

async function run() {
  const crossing = await Crossing.open('within');
  const redis = crossing.deployment.redis.client();
  try {
    const { pid } = crossing.deployment.gateways[0]!;
    const node: number[] = [];
    let calls = 0;
    let redisWarm = 0;
    for (let step = 1; step <= STEPS; step++) {
      while (calls < (CALLS * step) / STEPS) {
        calls += (await crossing.ask('deployment', { callers: CALLERS, seconds: 1 })).calls;
      }
      node.push(memoryMb(pid).now);
      if (step === WARM_STEPS) redisWarm = await usedKb(redis);
    }
    const [warm, ...later] = node.slice(WARM_STEPS - 1);
    const rounds: Round[] = later.map((now) => ({ measured: now, against: warm! }));
    const redisAfter = await usedKb(redis);
    const stored = await storedCalls(crossing, redis);
    return {
      unit: 'MB',
      rounds,
      facts: [
        {
          what: `${calls.toLocaleString('en')} calls of SDKs: Redis ${redisWarm.toFixed(0)} kB, at the end ${redisAfter.toFixed(0)} kB`,
          holds: redisAfter <= redisWarm * MAX_GROWTH,
        },
        ...stored,
      ],
    };
  } finally {
    redis.disconnect();
    await crossing.close();
  }
}

/** What calls of `/v1` store, and what remains of it after the retention, which is not awaited: the keys expire early. */
async function storedCalls(crossing: Crossing, redis: Redis) {
  const keysOfCalls = `${DEFAULT_REDIS_PREFIX}:{*}:call*`;
  const before = await usedKb(redis);
  const request = callRequest(crossing);
  let calls = 0;
  while (calls < STORED_CALLS) {
    const order = { port: crossing.gatewayPort, requests: [request], expect: '"state":"completed"' };
    calls += (await crossing.load.serve({ ...order, pace: { callers: CALLERS, seconds: 1 } })).calls;
  }
  const full = await usedKb(redis);
  let expiring = 0;
  let lasting = 0;
  for await (const keys of redis.scanStream({ match: keysOfCalls, count: 1_000 })) {
    for (const key of keys as string[]) {
      const ttlMs = await redis.pttl(key);
      if (ttlMs > 0 && ttlMs <= RETENTION_MS) expiring++;
      else lasting++;
      await redis.pexpire(key, 1);
    }
  }
  const after = await usedKb(redis);
  return [
    {
      what: `of ${calls.toLocaleString('en')} calls of /v1, ${expiring} keys expire in 15 minutes, ${lasting} do not`,
      holds: lasting === 0,
    },
    {
      what: `Redis before them ${before.toFixed(0)} kB, then ${full.toFixed(0)} kB (${((full - before) / calls).toFixed(2)} kB each), without these keys ${after.toFixed(0)} kB`,
      holds: after <= before * MAX_GROWTH,
    },
  ];
}

function callRequest({ deployment }: Crossing): string {
  const body = JSON.stringify({
    method: 'GET',
    path: '/cgi-bin/user/info',
    query: { openid: 'o6_bmjrPTlm6_2sgVt7hMZOPfL2M' },
  });
  const head = [
    `POST /v1/authorizers/${SERVICE_ACCOUNT}/calls HTTP/1.1`,
    'host: 127.0.0.1',
    `authorization: Bearer ${deployment.apiKey}`,
    'content-type: application/json',
    `content-length: ${body.length}`,
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}

async function usedKb(redis: Redis): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await redis.info('memory'))![1]) / 1024;
}
