import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { OperatorSessions } from './operator-sessions.ts';

const OWNER = { kind: 'owner', name: 'admin', password: 'correct horse' } as const;
const HOUR_MS = 3_600_000;

let server: TestRedis;
let sessions: OperatorSessions;
beforeAll(async () => {
  server = await startRedis();
  sessions = new OperatorSessions(server.redis);
});
afterAll(() => server.stop());
beforeEach(() => server.redis.flushall());

const onlyKey = async () => {
  const keys = await server.redis.keys('*');
  expect(keys).toHaveLength(1);
  return keys[0]!;
};

it('a session names who signed in, on every gateway', async () => {
  const owner = await sessions.start(OWNER);
  const key = await sessions.start({ kind: 'key', fingerprint: '0123456789abcdef' });
  const elsewhere = new OperatorSessions(server.redis);
  const found = await elsewhere.find(owner.secret, { extends: true });
  expect(found?.expiresAt).toEqual(owner.expiresAt);
  expect(found?.actor.kind).toBe('owner');
  expect(await elsewhere.find(key.secret, { extends: true })).toEqual({
    expiresAt: key.expiresAt,
    actor: { kind: 'key', fingerprint: '0123456789abcdef' },
  });
});

it('is bound to the name and the password of the sign-in', async () => {
  const { secret } = await sessions.start(OWNER);
  const { actor } = (await sessions.find(secret, { extends: false }))!;
  if (actor.kind !== 'owner') throw new Error('not the owner');
  expect(actor.signedInWith('admin', 'correct horse')).toBe(true);
  for (const [name, password] of [
    ['admin', 'another'],
    ['root', 'correct horse'],
    ['admi', 'ncorrect horse'],
  ] as const)
    expect(actor.signedInWith(name, password)).toBe(false);
});

it('has a secret of its own at each sign-in, and Redis has neither it nor the password', async () => {
  const secrets = await Promise.all(Array.from({ length: 20 }, async () => (await sessions.start(OWNER)).secret));
  expect(new Set(secrets).size).toBe(20);
  const bindings = new Set<string>();
  for (const key of await server.redis.keys('*')) {
    expect(key).toMatch(/^wx:\{session:[\w-]{43}\}$/);
    const record = await server.redis.hgetall(key);
    const stored = key + JSON.stringify(record);
    for (const secret of [...secrets, OWNER.password, OWNER.name]) expect(stored).not.toContain(secret);
    bindings.add(record.binding!);
  }
  // Nor two sessions with one password show that it is the same.
  expect(bindings.size).toBe(20);
});

it('ends for all gateways when it is ended', async () => {
  const { secret } = await sessions.start(OWNER);
  const other = await sessions.start(OWNER);
  await sessions.end(secret);
  expect(await new OperatorSessions(server.redis).find(secret, { extends: true })).toBeUndefined();
  expect(await sessions.find(other.secret, { extends: true })).toBeDefined();
});

it('ends after half an hour without a use, and each use postpones that', async () => {
  const { secret } = await sessions.start(OWNER);
  const key = await onlyKey();
  expect(await server.redis.pttl(key)).toBeLessThanOrEqual(HOUR_MS / 2);
  await server.redis.pexpire(key, 60_000);
  await sessions.find(secret, { extends: false });
  expect(await server.redis.pttl(key)).toBeLessThanOrEqual(60_000);
  await sessions.find(secret, { extends: true });
  expect(await server.redis.pttl(key)).toBeGreaterThan(HOUR_MS / 4);
  await server.redis.pexpire(key, 1);
  // Not as a use, which could still postpone it.
  await expect.poll(() => sessions.find(secret, { extends: false })).toBeUndefined();
});

it('ends after twelve hours, however much it is used', async () => {
  const { secret, expiresAt } = await sessions.start(OWNER);
  expect(expiresAt.getTime() - Date.now()).toBeGreaterThan(11 * HOUR_MS);
  const key = await onlyKey();
  const nearEnd = Date.now() + HOUR_MS / 6;
  await server.redis.hset(key, 'endsAt', String(nearEnd));
  await server.redis.pexpire(key, 60_000);
  await sessions.find(secret, { extends: true });
  expect(await server.redis.pttl(key)).toBeLessThanOrEqual(HOUR_MS / 6);
  await server.redis.hset(key, 'endsAt', '1000');
  expect(await sessions.find(secret, { extends: true })).toBeUndefined();
});

it.each(['', 'x', 'ä'.repeat(43), `${'s'.repeat(42)}*`, 's'.repeat(43), 's'.repeat(4_000)])(
  'what is no secret of a session finds none: %j',
  async (secret) => {
    await sessions.start(OWNER);
    expect(await sessions.find(secret, { extends: true })).toBeUndefined();
    await sessions.end(secret);
    await onlyKey();
  },
);

it('throws while Redis does not answer, so that an outage signs no operator out', async () => {
  const { secret } = await sessions.start(OWNER);
  const gone = server.connect();
  gone.disconnect();
  await expect(new OperatorSessions(gone).find(secret, { extends: true })).rejects.toThrow();
});
