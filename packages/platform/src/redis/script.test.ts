import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { until } from '../../test/until.ts';
import { defineScript, REDIS_CLOCK, type SharedLua } from './script.ts';

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());
beforeEach(async () => {
  await server.redis.flushall();
});

describe('a script', () => {
  const store = defineScript({
    keys: ['record', 'lease'],
    args: ['version', 'sealed'],
    lua: `
if redis.call('GET', lease) == 'ended' then return 0 end
redis.call('HSET', record, 'version', version, 'value', sealed)
return 1`,
    decode: (stored: number) => (stored === 1 ? 'stored' : 'superseded'),
  });

  it('knows its keys and arguments by the names it declares', async () => {
    // In another order than the declared one.
    const answer = await store.run(server.redis, { lease: '{t}l', record: '{t}r' }, { sealed: 'secret', version: 7 });
    expect(answer).toBe('stored');
    expect(await server.redis.hgetall('{t}r')).toEqual({ version: '7', value: 'secret' });
  });

  it('runs on a server that has forgotten it', async () => {
    await store.run(server.redis, { record: '{t}r', lease: '{t}l' }, { version: 1, sealed: 's' });
    await server.redis.script('FLUSH');
    expect(await store.run(server.redis, { record: '{t}r', lease: '{t}l' }, { version: 2, sealed: 's' })).toBe(
      'stored',
    );
    await server.redis.script('FLUSH');
    expect(
      await store.batch(server.redis, [
        [
          { record: '{t}r', lease: '{t}l' },
          { version: 3, sealed: 's' },
        ],
      ]),
    ).toEqual(['stored']);
  });

  it('answers each run of a batch, and the error of one that fails', async () => {
    await server.redis.set('{t}text', 'no hash');
    await server.redis.set('{t}over', 'ended');
    const args = { version: 1, sealed: 's' };
    const answers = await store.batch(server.redis, [
      [{ record: '{t}r', lease: '{t}l' }, args],
      [{ record: '{t}text', lease: '{t}l' }, args],
      [{ record: '{t}r', lease: '{t}over' }, args],
    ]);
    expect(answers).toEqual(['stored', expect.any(Error), 'superseded']);
  });

  it('rejects names that it does not declare, and misses none that it does, at compile time', () => {
    const misuse = [
      // @ts-expect-error: `lease` is missing.
      () => store.run(server.redis, { record: '{t}r' }, { version: 1, sealed: 's' }),
      // @ts-expect-error: `leese` is misspelt.
      () => store.run(server.redis, { record: '{t}r', leese: 'l' }, { version: 1, sealed: 's' }),
      // @ts-expect-error: `sealed` is missing.
      () => store.run(server.redis, { record: '{t}r', lease: '{t}l' }, { version: 1 }),
      // @ts-expect-error: `fence` is unknown.
      () => store.run(server.redis, { record: '{t}r', lease: '{t}l' }, { version: 1, sealed: 's', fence: 1 }),
      // @ts-expect-error: the arguments are missing.
      () => store.run(server.redis, { record: '{t}r', lease: '{t}l' }),
      // @ts-expect-error: in a batch, too.
      () => store.batch(server.redis, [[{ record: '{t}r' }, { version: 1, sealed: 's' }]]),
    ];
    expect(misuse).toHaveLength(6);
  });
});

it('takes a list under the last name', async () => {
  const collect = defineScript({
    keys: ['sum', '...parts'],
    args: ['first', '...others'],
    lua: `return { sum, table.concat(parts, ','), first, table.concat(others, ','), #others }`,
    decode: (reply: [string, string, string, string, number]) => reply,
  });
  expect(
    await collect.run(
      server.redis,
      { sum: '{t}s', parts: ['{t}a', '{t}b'] },
      { first: 1, others: ['x', 2, true, false] },
    ),
  ).toEqual(['{t}s', '{t}a,{t}b', '1', 'x,2,1,0', 4]);
  expect(await collect.run(server.redis, { sum: '{t}s', parts: [] }, { first: 1, others: [] })).toEqual([
    '{t}s',
    '',
    '1',
    '',
    0,
  ]);
  const many = Array.from({ length: 20_000 }, (_, i) => i);
  expect((await collect.run(server.redis, { sum: '{t}s', parts: [] }, { first: 1, others: many }))[4]).toBe(20_000);
  // @ts-expect-error: one value is no list.
  const misuse = () => collect.run(server.redis, { sum: 's', parts: 'a' }, { first: 1, others: [] });
  expect(misuse).toBeTypeOf('function');
});

it('takes a list under its only name', async () => {
  const count = defineScript({
    keys: ['...counted'],
    lua: `return #counted`,
    decode: (reply: number) => reply,
  });
  expect(await count.run(server.redis, { counted: ['{t}a', '{t}b', '{t}c'] })).toBe(3);
});

it('is nil in Lua where an optional name is absent', async () => {
  const has = defineScript({
    keys: ['record', 'claim?'],
    args: ['run', 'note?'],
    lua: `return { claim or 'no claim', note or 'no note' }`,
    decode: (reply: [string, string]) => reply,
  });
  expect(await has.run(server.redis, { record: '{t}r' }, { run: 'a' })).toEqual(['no claim', 'no note']);
  const both = await has.run(server.redis, { record: '{t}r', claim: '{t}c' }, { run: 'a', note: 'n' });
  expect(both).toEqual(['{t}c', 'n']);
});

it('takes Buffers, and answers them where it declares so', async () => {
  const bytes = Buffer.from([0, 255, 128, 10]);
  const swap = defineScript({
    keys: ['record'],
    args: ['body'],
    buffers: true,
    lua: `local former = redis.call('GET', record)
redis.call('SET', record, body)
return former`,
    decode: (former: Buffer | null) => former,
  });
  expect(await swap.run(server.redis, { record: '{t}r' }, { body: bytes })).toBeNull();
  expect(await swap.run(server.redis, { record: '{t}r' }, { body: '' })).toEqual(bytes);
  expect(
    await swap.batch(server.redis, [
      [{ record: '{t}r' }, { body: bytes }],
      [{ record: '{t}r' }, { body: '' }],
    ]),
  ).toEqual([Buffer.alloc(0), bytes]);
});

it('answers nothing without a decoder', async () => {
  const touch = defineScript({ keys: ['record'], lua: `return redis.call('SET', record, '1')` });
  expect(await touch.run(server.redis, { record: '{t}r' })).toBeUndefined();
  expect(await server.redis.get('{t}r')).toBe('1');
});

it('has each part of the shared Lua once, after what that part uses', async () => {
  const base: SharedLua = {
    uses: [REDIS_CLOCK],
    lua: 'loads = (loads or 0) + 1\nlocal function base() return loads end',
  };
  const first: SharedLua = { uses: [base], lua: 'local function first() return base() end' };
  const second: SharedLua = { uses: [base, REDIS_CLOCK], lua: 'local function second() return base() end' };
  // Redis permits no globals; so the counter is a local of the script.
  const counter: SharedLua = { lua: 'local loads' };
  const both = defineScript({
    keys: ['record'],
    uses: [counter, first, second],
    lua: `return { first(), second(), ms(now) }`,
    decode: (reply: [number, number, string]) => reply,
  });
  const [fromFirst, fromSecond, now] = await both.run(server.redis, { record: '{t}r' });
  expect([fromFirst, fromSecond]).toEqual([1, 1]);
  expect(now).toMatch(/^\d{13}$/);
});

it('refuses keys of several slots, as a Redis Cluster would, where tests require that', async () => {
  const touch = defineScript({ keys: ['record', 'lease'], lua: 'return 1', decode: (reply: number) => reply });
  expect(await touch.run(server.redis, { record: 'x:{a}:record', lease: 'x:{a}:lease' })).toBe(1);
  await expect(touch.run(server.redis, { record: 'x:{a}:record', lease: 'x:{b}:lease' })).rejects.toThrow(
    'in one slot',
  );
});

it('waits on a connection that waits for Redis until the primary has its replicas again', async () => {
  const put = defineScript({ keys: ['key'], lua: `redis.call('SET', key, '1')` });
  const { redis } = server;
  await redis.config('SET', 'min-replicas-to-write', '1');
  try {
    await redis.config('RESETSTAT');
    const written = Promise.all([put.run(redis, { key: 'a' }), put.batch(redis, [[{ key: 'b' }]])]);
    await until('both were refused', async () => {
      const [, refused] = /errorstat_NOREPLICAS:count=(\d+)/.exec(await redis.info('errorstats')) ?? [];
      return Number(refused) >= 2;
    });
    await redis.config('SET', 'min-replicas-to-write', '0');
    await written;
  } finally {
    await redis.config('SET', 'min-replicas-to-write', '0');
  }
  expect(await redis.mget('a', 'b')).toEqual(['1', '1']);
});
