import { afterAll, beforeAll, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { assertAllDone, type RedisCommand, sendTogether } from './send-together.ts';

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

it('each command has its reply, also beyond one batch; one that fails has its error and hinders no other', async () => {
  const { redis } = server;
  await redis.set('text', 'x');
  const commands = Array.from({ length: 1_200 }, (_, i): RedisCommand => ['set', `key-${i}`, i]);
  const replies = await sendTogether(redis, [...commands, ['incr', 'text'], ['get', 'key-1199']]);
  expect(replies).toHaveLength(1_202);
  expect(replies.slice(0, 1_200).every((reply) => reply === 'OK')).toBe(true);
  expect(replies[1_200]).toMatchObject({ name: 'ReplyError' });
  expect(replies[1_201]).toBe('1199');
  expect(() => assertAllDone(replies)).toThrow('not an integer');
});
