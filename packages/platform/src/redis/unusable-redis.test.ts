import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freeClusterPort, freePort } from '../../test/free-port.ts';
import { RedisProcess } from '../../test/redis-process.ts';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { startSentinels, type TestSentinels } from '../../test/sentinels.ts';
import { connectRedis, untilConnected } from './connect.ts';
import { assertUsable } from './describe-servers.ts';

let sentinels: TestSentinels;
let plain: TestRedis;
let withPassword: RedisProcess;
/** In a Cluster of its own, without most slots. */
let partial: RedisProcess;
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wxthirdparty-redis-'));
  const args = (port: number) => ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', dir];
  [sentinels, plain, withPassword, partial] = await Promise.all([
    startSentinels({ replicas: 1, password: 'hunter2', downAfterMs: 600_000 }),
    startRedis(),
    RedisProcess.start(freePort, (port) => [...args(port), '--requirepass', 'hunter2']),
    RedisProcess.start(freeClusterPort, (port) => [
      ...args(port),
      ...['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'],
    ]),
  ]);
  await partial.call('CLUSTER', 'ADDSLOTS', 1, 2, 3);
});
afterAll(async () => {
  await Promise.all([sentinels.stop(), plain.stop(), withPassword.kill(), partial.kill()]);
  await rm(dir, { recursive: true, force: true });
});

async function start(redisUrl: string, timeoutMs: number): Promise<void> {
  const redis = connectRedis({ redisUrl, redisPrefix: 'wx' }, 'blocking', 'test');
  try {
    await untilConnected(redis, timeoutMs);
    await assertUsable(redis, 0);
  } finally {
    redis.disconnect();
  }
}

/** The failure of a start; if it does not name the cause, that of one with more time: servers may answer slowly. */
async function failureOf(redisUrl: string, cause: RegExp | string): Promise<unknown> {
  let failure: unknown;
  for (const timeoutMs of [500, 3_000, 20_000]) {
    failure = await start(redisUrl, timeoutMs).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (failure instanceof Error && failure.message.search(cause) !== -1) return failure;
  }
  return failure;
}

it('a process that got no time to connect waits on, since no error shows a cause', async () => {
  const redis = connectRedis({ redisUrl: `redis://127.0.0.1:${plain.port}`, redisPrefix: 'wx' }, 'blocking', 'test');
  try {
    const connected = untilConnected(redis, 20, 1_000);
    const endsAt = performance.now() + 100;
    while (performance.now() < endsAt);
    await connected;
    expect(redis.status).toBe('ready');
  } finally {
    redis.disconnect();
  }
});

describe('the start with a Redis that cannot be used names the cause and the remedy, and no password', () => {
  const at = (server: { readonly port: number }) => `127.0.0.1:${server.port}`;
  const cases: [what: string, url: () => Promise<string> | string, sentence: RegExp][] = [
    [
      'no server',
      async () => `redis://:hunter2@127.0.0.1:${await freePort()}`,
      /^Redis does not answer \(connect ECONNREFUSED/,
    ],
    ['no password', () => `redis://${at(withPassword)}`, /^Redis requires a password; write it into REDIS_URL/],
    ['a wrong password', () => `redis://:hunter3@${at(withPassword)}`, /^Redis refuses the user name or the password/],
    [
      'a server of a Cluster',
      () => `redis://${at(partial)}`,
      /is in a Redis Cluster; begin REDIS_URL with redis\+cluster:/,
    ],
    ['a Sentinel', () => `redis://:hunter2@${at(sentinels.sentinels[0]!)}`, /is a Sentinel; use redis\+sentinel:/],
    [
      'no Cluster',
      () => `redis+cluster://${at(plain)}`,
      /names a server that is not in a Redis Cluster; begin it with redis:/,
    ],
    [
      'no server of a Cluster',
      async () => `redis+cluster://127.0.0.1:${await freePort()}`,
      /^The Redis Cluster does not answer/,
    ],
    [
      'slots without a server',
      () => `redis+cluster://${at(partial)}`,
      /^16381 of the 16384 slots of the Redis Cluster have no/,
    ],
    [
      'no Sentinel',
      async () => `redis+sentinel://127.0.0.1:${await freePort()}/m`,
      /^No Sentinel answers \(127\.0\.0\.1:\d+\)/,
    ],
    ['a server for a Sentinel', () => `redis+sentinel://${at(plain)}/mymaster`, /names servers that are no Sentinels/],
    [
      'no password of the Sentinels',
      () => sentinels.url.replace(/\?.*/, ''),
      /^The Sentinels require a password, or another/,
    ],
    [
      'a wrong one',
      () => sentinels.url.replace('hunter2', 'hunter3'),
      /^The Sentinels require a password, or another one/,
    ],
    [
      'an unknown name',
      () => sentinels.url.replace('/mymaster', '/other'),
      /^The Sentinels watch no master with the name other; they watch mymaster\./,
    ],
  ];
  it.each(cases)('%s', async (_, url, sentence) => {
    const failure = await failureOf(await url(), sentence);
    expect(failure).toMatchObject({ remedy: 'operator', message: expect.stringMatching(sentence) });
    expect(String(failure)).not.toContain('hunter');
  });

  it('a primary that does not answer is named', async () => {
    const primary = await sentinels.primary();
    primary.freeze();
    try {
      const sentence = `${primary.address}, which the Sentinels name as the primary, does not answer`;
      expect(await failureOf(sentinels.url, sentence)).toMatchObject({ message: expect.stringContaining(sentence) });
    } finally {
      primary.thaw();
    }
  });
});
