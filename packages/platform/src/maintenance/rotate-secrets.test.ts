import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { databases, startDatabase, type TestDatabase } from '../../test/database.ts';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { AuthorizerStore } from '../authorizer/authorizer-store.ts';
import { authorizerOwner } from '../authorizer/authorizer-token.ts';
import { tokenEffects } from '../authorizer/token-effects.ts';
import { CallStore } from '../call/call-store.ts';
import { componentOwner } from '../component/component-owner.ts';
import { Tickets } from '../component/ticket.ts';
import { Seals } from '../sealing/seals.ts';
import { newSecrets } from '../subscription/secrets.ts';
import { type NewSubscription, SubscriptionStore } from '../subscription/subscription-store.ts';
import { TokenStore } from '../token/token-store.ts';
import { reseal } from './rotate-secrets.ts';

const [before, after, foreign] = [randomBytes(32), randomBytes(32), randomBytes(32)];
const ACCOUNTS = 1_200;
/** Beside the grants: a ticket in Redis and SQL, two tokens, three columns of a subscription. */
const SEALED = ACCOUNTS + 4 + 3;
/** SQLite answers synchronously; other work needs the event loop. */
const yieldToOthers = () => new Promise(setImmediate);

describe.each(databases)('resealing on %s', (kind) => {
  let database: TestDatabase;
  let server: TestRedis;
  beforeAll(async () => {
    database = await startDatabase(kind);
    server = await startRedis();
  });
  afterAll(async () => {
    await server?.stop();
    await database?.stop();
  });

  function open(...keys: Buffer[]) {
    const seals = new Seals(keys);
    return {
      authorizers: new AuthorizerStore(database.sql, seals),
      tickets: new Tickets(server.redis, database.sql, seals),
      tokens: new TokenStore(server.redis, seals, tokenEffects),
      calls: new CallStore(server.redis, seals),
      subscriptions: new SubscriptionStore(database.sql, seals),
    };
  }
  const run = (...secretsKeys: Buffer[]) =>
    reseal({ redisUrl: server.url, redisPrefix: 'wx', databaseUrl: database.url, secretsKeys });
  const token = (value: string) => ({
    ...{ value, refreshAt: 1, trustedUntil: Date.now() + 60_000, expiresAt: Date.now() + 60_000, sentAt: 1 },
  });
  const name = (i: number) => `wx${i}`;

  /** Three sealed columns: it has no message URL. */
  const subscription: NewSubscription = {
    ...{ name: 'n', url: 'https://app.example.com/', messageUrl: null, format: 'json', mode: null, component: null },
    ...{ filter: { openids: ['o1'] }, reply: null, maxInFlight: 10, timeoutMs: 15_000, giveUpAfterMs: null },
    secrets: newSecrets('json', { token: null, encodingAesKey: null }),
  };
  const by = { id: 'API_KEY', address: null, requestId: null };

  it('seals everything under the new key while it is changed, except calls', async () => {
    const old = open(before);
    const ticketAt = Math.floor(Date.now() / 1_000);
    await old.tickets.keep('wxc', 'ticket@@@1', ticketAt, new Date());
    await old.tokens.publish(componentOwner('wxc'), 1, token('component token'));
    for (let i = 0; i < ACCOUNTS; i++) {
      await old.authorizers.grants.save('wxc', name(i), {
        refreshToken: `r${i}`,
        scopes: [],
        authorizedAt: new Date(),
      });
    }
    await old.tokens.publish(authorizerOwner('wxc', name(7)), 5, token('account token'));
    const call = { id: 'wxc.wx7.x', component: 'wxc', appid: name(7) };
    const request = { method: 'GET' as const, path: '/cgi-bin/user/get', query: [], waitMs: 0, departWithinMs: 60_000 };
    await old.calls.create(call as never, request as never, 'gateway');

    const subscribed = await old.subscriptions.create(subscription, by);

    // A process with the new key in front renews grants meanwhile.
    const busy = open(after, before);
    let going = true;
    let renewed = 0;
    const work = (async () => {
      for (let i = 0; going; i = (i + 7) % ACCOUNTS) {
        const grant = (await busy.authorizers.grants.find('wxc', name(i)))!;
        const change = { refreshToken: `${grant.refreshToken}+` };
        // Resealing does not change the grant, so it supersedes no change.
        expect(await busy.authorizers.grants.change('wxc', name(i), grant.version, change)).toBe('saved');
        renewed++;
        await yieldToOthers();
      }
    })();
    const report = await run(after, before);
    going = false;
    await work;

    expect(renewed).toBeGreaterThan(10);
    expect(report).toMatchObject({ looked: SEALED, remaining: 0, unsealable: 0, callBodies: 1 });
    expect(report.resealed + renewed).toBeGreaterThanOrEqual(SEALED);
    const fresh = open(after);
    expect(await fresh.tickets.current('wxc')).toBe('ticket@@@1');
    await server.redis.del('wx:{wxc:wxc}:ticket');
    expect(await fresh.tickets.restore('wxc')).toBe(true);
    expect(await fresh.tickets.current('wxc')).toBe('ticket@@@1');
    expect((await fresh.tokens.read(componentOwner('wxc'))).value).toBe('component token');
    expect(await fresh.tokens.read(authorizerOwner('wxc', name(7)))).toMatchObject({
      value: 'account token',
      version: 5,
    });
    expect(await fresh.subscriptions.find(subscribed.id)).toEqual(subscribed);
    for (let i = 0; i < ACCOUNTS; i++) {
      expect((await fresh.authorizers.grants.find('wxc', name(i)))?.refreshToken).toMatch(new RegExp(`^r${i}\\+*$`));
    }
  });

  it('a second rotation changes nothing, and its progress never exceeds the number of secrets', async () => {
    const progress: { looked: number; resealed: number }[] = [];
    const settings = { redisUrl: server.url, redisPrefix: 'wx', databaseUrl: database.url };
    const note = (done: { looked: number; resealed: number }) => void progress.push(done);
    const report = await reseal({ ...settings, secretsKeys: [after, before] }, { progress: note });
    expect(report).toMatchObject({ looked: SEALED, resealed: 0, remaining: 0, unsealable: 0 });
    // It reads everything again in the end.
    expect(progress.at(-1)).toEqual({ looked: SEALED, resealed: 0 });
    expect(Math.max(...progress.map(({ looked }) => looked))).toBe(SEALED);
  });

  it('names what no key opens, and reseals the others', async () => {
    await open(foreign).authorizers.grants.change('wxc', name(3), undefined, {});
    await open(foreign).authorizers.grants.save('wxc', name(3), {
      refreshToken: 'x',
      scopes: [],
      authorizedAt: new Date(),
    });
    await open(before).authorizers.grants.save('wxc', name(4), {
      refreshToken: 'y',
      scopes: [],
      authorizedAt: new Date(),
    });
    expect(await run(after, before)).toMatchObject({
      resealed: 1,
      unsealable: 1,
      unsealablePlaces: ['grant of wx3 to wxc'],
    });
    expect(await open(after).authorizers.grants.find('wxc', name(4))).toMatchObject({ refreshToken: 'y' });
  });

  it('reports that a process still seals under the old key', async () => {
    const stubborn = open(before);
    let going = true;
    const work = (async () => {
      while (going) {
        const grant = { refreshToken: 'z', scopes: [], authorizedAt: new Date() };
        await stubborn.authorizers.grants.save('wxc', name(0), grant);
        await yieldToOthers();
      }
    })();
    const report = await run(after, before, foreign);
    going = false;
    await work;
    expect(report.remaining).toBeGreaterThan(0);
  });
});
