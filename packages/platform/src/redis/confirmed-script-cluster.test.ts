import { afterAll, beforeAll, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../../test/redis-cluster.ts';
import type { RedisProcess } from '../../test/redis-process.ts';
import { until } from '../../test/until.ts';
import { ConfirmedScript } from './confirmed-script.ts';
import { connectRedis, type RedisClient, untilConnected } from './connect.ts';
import { refuseCommands } from './fail-fast.ts';
import { defineScript } from './script.ts';
import { serverOf } from './servers.ts';

const append = defineScript({
  keys: ['list'],
  args: ['text'],
  lua: `return redis.call('RPUSH', list, text)`,
  decode: (length: number) => length,
});

let cluster: TestCluster;
let redis: RedisClient;
/** On a busy machine even a live replica may need longer than a process waits. */
let unhurried: ConfirmedScript<['list'], ['text'], number>;
beforeAll(async () => {
  cluster = await startCluster({ failsOver: false });
  redis = connectRedis({ redisUrl: cluster.url, redisPrefix: 'wx' }, 'intake', 'test');
  await untilConnected(redis, 30_000);
  unhurried = new ConfirmedScript(redis, append, { timeoutMs: 1_500 });
});
afterAll(async () => {
  unhurried?.close();
  redis?.disconnect();
  await cluster?.stop();
});

const texts = (count: number) => Array.from({ length: count }, (_, i) => `t${i}`);
const addressOf = (key: string) => `127.0.0.1:${serverOf(redis, key).options.port}`;

it('is confirmed by a replica of each master', async () => {
  const keys = ['a', 'b', 'c', 'd', 'e'];
  expect(new Set(keys.map(addressOf)).size).toBeGreaterThan(1);
  const runAll = () => Promise.all(keys.flatMap((list) => texts(20).map((text) => unhurried.run({ list }, { text }))));
  for (const [i, { answer }] of (await runAll()).entries()) expect(answer).toBe((i % 20) + 1);
  await until('every run is confirmed', async () => (await runAll()).every(({ isConfirmed }) => isConfirmed === true));
});

it('runs that are redirected, since the slot was moved, are sent once more, in their order', async () => {
  const from = await cluster.masterOf('moved');
  const to = (await Promise.all(['a', 'b', 'c', 'd', 'e'].map((key) => cluster.masterOf(key)))).find(
    (m) => m !== from,
  )!;
  await unhurried.run({ list: 'moved' }, { text: 'before' });
  await from.call('DEL', 'moved');
  await moveSlot('moved', from, to);
  // The client does not know yet.
  expect(addressOf('moved')).toBe(from.address);

  const first = await Promise.all(texts(20).map((text) => unhurried.run({ list: 'moved' }, { text })));
  expect(first.map(({ answer }) => answer)).toEqual(texts(20).map((_, i) => i + 1));
  expect(await to.call('LRANGE', 'moved', 0, -1)).toEqual(texts(20));
  // Any server may be asked which one has the slot, and learns of the change from the others.
  await until('runs go to the new master, and are confirmed there', async () => {
    return (await unhurried.run({ list: 'moved' }, { text: 'after' })).isConfirmed === true;
  });
  expect(addressOf('moved')).toBe(to.address);
});

it('fails at once while Redis is another deployment’s, and while its master does not answer', async () => {
  const refusal = Object.assign(new Error('foreign'), { code: 'foreign_redis' });
  refuseCommands(redis, refusal as never);
  await expect(unhurried.run({ list: 'a' }, { text: 't' })).rejects.toBe(refusal);
  refuseCommands(redis, undefined);

  const master = await cluster.masterOf('a');
  await cluster.permitFailover();
  await master.kill();
  await expect(unhurried.run({ list: 'a' }, { text: 't' })).rejects.toMatchObject({ code: 'redis_unreachable' });
  await cluster.switchedFrom(master, 'a');
  await until('the new master has the slot', async () => {
    const answer = await unhurried.run({ list: 'a' }, { text: 't' }).catch(() => undefined);
    // Its only replica is gone with the former master's server.
    return answer !== undefined && answer.isConfirmed === undefined;
  });
});

/** The slot of a key; no key may be stored in it. */
async function moveSlot(key: string, from: RedisProcess, to: RedisProcess): Promise<void> {
  const slot = Number(await from.call('CLUSTER', 'KEYSLOT', key));
  const id = String(await to.call('CLUSTER', 'MYID'));
  for (const server of [to, from]) await server.call('CLUSTER', 'SETSLOT', slot, 'NODE', id);
  await to.call('CLUSTER', 'BUMPEPOCH');
}
