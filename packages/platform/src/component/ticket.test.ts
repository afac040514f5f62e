import { randomBytes } from 'node:crypto';
import { Failure } from '@wxthirdparty/wechat';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { databases, startDatabase, type TestDatabase } from '../../test/database.ts';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { Seals } from '../sealing/seals.ts';
import { TokenStore } from '../token/token-store.ts';
import { componentOwner } from './component-owner.ts';
import { componentTokenEffect } from './component-token.ts';
import { refuseUnlessReady } from './status.ts';
import { Tickets } from './ticket.ts';

describe.each(databases)('a ticket beside %s', (kind) => {
  let server: TestRedis;
  let database: TestDatabase;
  let tickets: Tickets;
  beforeAll(async () => {
    server = await startRedis();
    database = await startDatabase(kind);
    tickets = new Tickets(server.redis, database.sql, new Seals([randomBytes(32)]));
  });
  afterAll(async () => {
    await server.stop();
    await database.stop();
  });
  beforeEach(async () => {
    await server.redis.flushall();
    await database.sql.deleteFrom('components').execute();
  });

  const now = () => Math.floor(Date.now() / 1000);

  it('makes the component ready', async () => {
    await expect(refuseUnlessReady(server.redis, 'wxc')).rejects.toMatchObject({ reasons: ['no_ticket'] });
    await tickets.keep('wxc', 'ticket@@@1', now(), new Date());
    await refuseUnlessReady(server.redis, 'wxc');
    expect(await tickets.current('wxc')).toBe('ticket@@@1');
  });

  it('is the newest, in whatever order tickets arrive', async () => {
    await tickets.keep('wxc', 'newer', now(), new Date());
    expect(await tickets.keep('wxc', 'older', now() - 600, new Date())).toBe('older');
    expect(await tickets.current('wxc')).toBe('newer');
  });

  it('is the later arrival of two of the same second', async () => {
    const time = now();
    await tickets.keep('wxc', 'first', time, new Date(1_000));
    expect(await tickets.keep('wxc', 'second', time, new Date(2_000))).toBe('kept');
    expect(await tickets.current('wxc')).toBe('second');
    expect((await tickets.view('wxc'))?.receivedAt).toEqual(new Date(2_000));
  });

  it('is the later arrival of two of the same second, in whatever order their jobs run', async () => {
    const time = now();
    await tickets.keep('wxc', 'arrived second', time, new Date(2_000));
    expect(await tickets.keep('wxc', 'arrived first', time, new Date(1_000))).toBe('older');
    expect(await tickets.current('wxc')).toBe('arrived second');
    await server.redis.flushall();
    // Redis was emptied: the copy in SQL has the later arrival.
    expect(await tickets.keep('wxc', 'arrived first', time, new Date(1_000))).toBe('kept');
    await server.redis.flushall();
    await tickets.restore('wxc');
    expect(await tickets.current('wxc')).toBe('arrived second');
  });

  it('counts as expired twelve hours after its CreateTime', async () => {
    await tickets.keep('wxc', 'old', now() - 12 * 3600 - 1, new Date());
    expect(await tickets.current('wxc')).toBeUndefined();
    await expect(refuseUnlessReady(server.redis, 'wxc')).rejects.toMatchObject({ reasons: ['ticket_expired'] });
  });

  it('is restored from SQL into an emptied Redis', async () => {
    await tickets.keep('wxc', 'ticket@@@kept', now(), new Date());
    await server.redis.flushall();
    expect(await tickets.restore('wxc')).toBe(true);
    expect(await tickets.current('wxc')).toBe('ticket@@@kept');
    await refuseUnlessReady(server.redis, 'wxc');
  });

  it('is not restored if it has expired, or if Redis has a newer one', async () => {
    await tickets.keep('wxc', 'older', now() - 60, new Date());
    await server.redis.flushall();
    await server.redis.hset('wx:{wxc:wxc}:ticket', {
      createTime: String((now() + 60) * 1000),
      ticket: 'x',
      expiresAt: '1',
    });
    expect(await tickets.restore('wxc')).toBe(false);
    await server.redis.flushall();
    await database.sql.updateTable('components').set({ ticket_create_time: 1 }).execute();
    expect(await tickets.restore('wxc')).toBe(false);
  });

  it('does not replace the copy of a newer one in SQL', async () => {
    await tickets.keep('wxc', 'newer', now(), new Date());
    await server.redis.flushall();
    await tickets.keep('wxc', 'older', now() - 600, new Date());
    await server.redis.flushall();
    await tickets.restore('wxc');
    expect(await tickets.current('wxc')).toBe('newer');
  });

  it('ends the backoff of the component token', async () => {
    await server.redis.hset('wx:{wxc:wxc}:token:component', { retryAt: '9999999999999', failures: '1' });
    await tickets.keep('wxc', 'fresh', now(), new Date());
    expect(await server.redis.hget('wx:{wxc:wxc}:token:component', 'retryAt')).toBeNull();
  });

  it.each([0, 1])(
    'that arrives during a fetch with the former one is used at once, after %i earlier failures',
    async (earlier) => {
      await tickets.keep('wxc', 'former', now() - 600, new Date());
      const owner = componentOwner('wxc');
      const store = new TokenStore(server.redis, new Seals([randomBytes(32)]), {
        component: componentTokenEffect,
        authorizer: undefined,
        'jsapi-ticket': undefined,
        'wx-card-ticket': undefined,
      });
      const refused = new Failure('ticket_refused', 'retry', 'component ticket is invalid', { errcode: 61006 });
      const fenceOf = async () => {
        await server.redis.set(store.leaseKey(owner), 'ours');
        return (await store.admit(owner, 'ours'))!.fence;
      };
      for (let n = 0; n < earlier; n++) await store.fail(owner, await fenceOf(), refused, 60_000, true);
      const before = await refuseUnlessReady(server.redis, 'wxc').then(
        () => 'ready',
        () => 'not ready',
      );
      const fence = await fenceOf();
      await tickets.keep('wxc', 'next', now(), new Date());
      await store.fail(owner, fence, refused, 60_000, true);
      expect(await store.read(owner)).toMatchObject({ retryAt: 0, failures: earlier });
      const after = await refuseUnlessReady(server.redis, 'wxc').then(
        () => 'ready',
        () => 'not ready',
      );
      expect([before, after]).toEqual(earlier === 0 ? ['ready', 'ready'] : ['not ready', 'not ready']);
      // The failure of a fetch with the stored ticket counts.
      await store.fail(owner, await fenceOf(), refused, 60_000, true);
      const failing = await store.read(owner);
      expect(failing.retryAt).toBeGreaterThan(failing.now);
      await expect(refuseUnlessReady(server.redis, 'wxc')).rejects.toMatchObject({
        reasons: ['component_token_failing'],
      });
    },
  );

  it('is sealed in Redis and in SQL', async () => {
    await tickets.keep('wxc', 'ticket@@@clear', now(), new Date());
    expect(JSON.stringify(await server.redis.hgetall('wx:{wxc:wxc}:ticket'))).not.toContain('clear');
    expect(JSON.stringify(await database.sql.selectFrom('components').selectAll().execute())).not.toContain('clear');
  });
});
