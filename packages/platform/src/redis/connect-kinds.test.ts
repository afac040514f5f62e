import { Failure } from '@wxthirdparty/wechat';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../../test/redis-cluster.ts';
import { startSentinels, type TestSentinels } from '../../test/sentinels.ts';
import { examine } from '../open-doctor.ts';
import { connectRedis, type RedisClient, untilConnected } from './connect.ts';
import { refuseCommands } from './fail-fast.ts';
import { defineScript } from './script.ts';

const write = defineScript({ keys: ['key'], args: ['value'], lua: `redis.call('SET', key, value) return 1` });

let sentinels: TestSentinels;
let cluster: TestCluster;

beforeAll(async () => {
  [sentinels, cluster] = await Promise.all([
    startSentinels({ downAfterMs: 60_000 }),
    startCluster({ failsOver: false }),
  ]);
});
afterAll(async () => {
  await Promise.all([sentinels.stop(), cluster.stop()]);
});

describe.each(['sentinel', 'cluster'] as const)('a connection to a %s', (kind) => {
  const opened: RedisClient[] = [];
  const open = async (mode: 'blocking' | 'fail-fast') => {
    const { url } = kind === 'sentinel' ? sentinels : cluster;
    const redis = connectRedis({ redisUrl: url, redisPrefix: 'wx' }, mode, 'test');
    opened.push(redis);
    await untilConnected(redis, 120_000);
    return redis;
  };
  afterAll(() => {
    for (const redis of opened) redis.disconnect();
  });

  it('reads and writes, also by scripts', async () => {
    const [blocking, failFast] = await Promise.all([open('blocking'), open('fail-fast')]);
    await write.run(blocking, { key: `${kind}:a` }, { value: '1' });
    expect(await failFast.get(`${kind}:a`)).toBe('1');
  });

  it('refuses commands while it is said to', async () => {
    const redis = await open('fail-fast');
    refuseCommands(redis, new Failure('other_deployment', 'operator', 'no'));
    await expect(redis.get('a')).rejects.toMatchObject({ code: 'other_deployment' });
    refuseCommands(redis, undefined);
    expect(await redis.get('a')).toBe(null);
  });

  it('is enough for every check of the doctor that reads Redis', async () => {
    const { url } = kind === 'sentinel' ? sentinels : cluster;
    const component = { appid: 'wx0123456789abcdef', appsecret: 's', token: 'aToken', encodingAesKey: 'a'.repeat(43) };
    const results = await examine(
      {
        ...{ redisUrl: url, redisPrefix: 'wx', databaseUrl: undefined, secretsKeys: [Buffer.alloc(32, 1)] },
        ...{
          components: [component],
          componentFaults: [],
          wechat: { apiBases: [] },
          publicUrl: undefined,
          dataDir: '/',
        },
        ...{ typed: (command) => command, checkSettings: async () => ({ faults: [], found: null }) },
      },
      ['redis', 'redis-settings', 'redis-memory', 'clocks', 'ticket', 'queues', 'versions', 'second-system'],
      // A busy machine may need longer for a check than operators wait.
      120_000,
    );
    const codes = Object.fromEntries(results.map(({ name, status, code }) => [name, code ?? status]));
    expect(codes).toMatchObject({
      ...{ redis: 'ok', clocks: 'ok', ticket: 'no_ticket', queues: 'no_worker', versions: 'ok', 'second-system': 'ok' },
    });
    expect(results[0]?.found).toMatch(new RegExp(`^${kind} \\S+ \\d`));
    expect(Object.values(codes)).not.toContain('check_failed');
  });
});
