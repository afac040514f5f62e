import { randomBytes } from 'node:crypto';
import { Failure } from '@wxthirdparty/wechat';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { until } from '../../test/until.ts';
import { Events } from '../events.ts';
import type { RedisClient } from '../redis/connect.ts';
import { Hints } from '../redis/hints.ts';
import { openLeases } from '../redis/lease.ts';
import { redisTimeMs } from '../redis/redis-time.ts';
import { Seals } from '../sealing/seals.ts';
import { HostGate } from './host-gate.ts';
import type { Token, TokenOwner } from './token.ts';
import type { FetchContext, FetchedToken, TokenEffects, TokenKind } from './token-kind.ts';
import { TokenStore } from './token-store.ts';
import { Tokens } from './tokens.ts';

let server: TestRedis;
const open: RedisClient[] = [];
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());
beforeEach(() => server.redis.flushall());
afterEach(() => {
  for (const redis of open.splice(0)) redis.disconnect();
});

/** None follows from these tokens. */
const tokenEffects: TokenEffects = {
  component: undefined,
  authorizer: undefined,
  'jsapi-ticket': undefined,
  'wx-card-ticket': undefined,
};
const owner: TokenOwner = { kind: 'authorizer', component: 'wxc', appid: 'wxa' };
const seals = new Seals([randomBytes(32)]);

type Fetch = (context: FetchContext) => Promise<FetchedToken>;
const lasting = (value: string): FetchedToken => ({ value, expiresInMs: 7_200_000 });
/** It only ends what hangs. */
const WAIT_MS = 120_000;

/** One process's view of the tokens, with a WeChat of the test's own making behind it. */
function node(
  fetch: Fetch,
  published?: NonNullable<TokenKind['published']>,
  now?: () => number,
): { tokens: Tokens; store: TokenStore; gate: HostGate; requested: () => number } {
  let requests = 0;
  const [redis, subscriber] = [server.connect(), server.connect()];
  open.push(redis, subscriber);
  const kind: TokenKind = {
    fetch: (_, context) => fetch(context),
    ...(published ? { published } : {}),
  };
  const store = new TokenStore(redis, seals, tokenEffects);
  const gate = new HostGate(redis, now);
  const tokens: Tokens = new Tokens({
    store,
    gate,
    leases: openLeases(redis),
    hints: new Hints(subscriber),
    kinds: { component: kind, authorizer: kind, 'jsapi-ticket': kind, 'wx-card-ticket': kind },
    events: new Events(),
    // Instead of the queue: the refresh runs at once.
    askForRefresh: async (due) => {
      requests++;
      await tokens.refresh(due);
    },
  });
  return { tokens, store, gate, requested: () => requests };
}

function counting(answer: (n: number) => Promise<FetchedToken> | FetchedToken): { fetch: Fetch; asked: () => number } {
  let n = 0;
  return {
    asked: () => n,
    fetch: async ({ beforeSend }) => {
      beforeSend();
      return answer(++n);
    },
  };
}

describe('a reader', () => {
  it('gets the new token, however many nodes ask at once, with one request to WeChat', async () => {
    const wechat = counting((n) => lasting(`token ${n}`));
    const nodes = Array.from({ length: 6 }, () => node(wechat.fetch));
    const all = await Promise.all(
      nodes.flatMap(({ tokens }) => Array.from({ length: 30 }, () => tokens.get(owner, WAIT_MS))),
    );
    expect(new Set(all.map((token) => token.value))).toEqual(new Set(['token 1']));
    expect(wechat.asked()).toBe(1);
  });

  it('gets a new token where no key opens the stored one', async () => {
    const wechat = counting((n) => lasting(`token ${n}`));
    const { tokens } = node(wechat.fetch);
    await tokens.get(owner, WAIT_MS);
    const elsewhere = new Seals([randomBytes(32)]).seal('token 1', 'another place');
    const key = server.redis.keyspace.token(owner.component, owner.appid, owner.kind);
    await server.redis.hset(key, 'value', elsewhere);
    expect((await node(wechat.fetch).tokens.get(owner, WAIT_MS)).value).toBe('token 2');
    expect(wechat.asked()).toBe(2);
  });

  it('distrusts only the token that was refused, so that a late caller does not void the next one', async () => {
    const wechat = counting((n) => lasting(`token ${n}`));
    const [a, b] = [node(wechat.fetch), node(wechat.fetch)];
    const old = await a.tokens.get(owner, WAIT_MS);
    await b.tokens.get(owner, WAIT_MS);
    await a.tokens.distrust(old, '/a');
    const next = await b.tokens.get(owner, WAIT_MS);
    await until('both know the next one', async () => (await a.tokens.get(owner, WAIT_MS)).value === 'token 2');
    await b.tokens.distrust(old, '/a');
    await a.tokens.distrust(old, '/a');
    expect((await b.tokens.get(owner, WAIT_MS)).value).toBe('token 2');
    expect(next.version).toBeGreaterThan(old.version);
    expect(wechat.asked()).toBe(2);
  });

  it('fails at once with the recorded cause while a refresh is known to fail', async () => {
    const wechat = counting(() => {
      throw new Failure('ip_not_allowed', 'operator', 'add the address to the list', { errcode: 61004 });
    });
    const { tokens, requested } = node(wechat.fetch);
    await expect(tokens.get(owner, WAIT_MS)).rejects.toMatchObject({ code: 'ip_not_allowed', errcode: 61004 });
    const before = requested();
    await expect(tokens.get(owner, WAIT_MS)).rejects.toMatchObject({ code: 'ip_not_allowed' });
    expect(requested()).toBe(before);
    expect(wechat.asked()).toBe(1);
  });

  it('stops waiting after its timeout', async () => {
    const { tokens } = node(() => new Promise(() => {}));
    await expect(tokens.get(owner, 50)).rejects.toMatchObject({ code: 'token_not_ready', remedy: 'retry' });
  });

  it('stops waiting when its caller aborts', async () => {
    const { tokens } = node(() => new Promise(() => {}));
    const shutdown = new AbortController();
    const waiting = tokens.get(owner, WAIT_MS, shutdown.signal);
    shutdown.abort(new Error('aborted'));
    await expect(waiting).rejects.toThrow('aborted');
  });
});

describe('a refused token', () => {
  const TOKEN_KEY = 'wx:{wxc:wxa}:token:authorizer';
  /** As if the stored token had been there for so long. */
  const age = async (ms: number) => {
    const publishedAt = Number(await server.redis.hget(TOKEN_KEY, 'publishedAt'));
    await server.redis.hset(TOKEN_KEY, 'publishedAt', publishedAt - ms);
  };

  it('is replaced at once, however young, by the first refusal: WeChat may have voided it early', async () => {
    const wechat = counting((n) => lasting(`token ${n}`));
    const [a, b] = [node(wechat.fetch), node(wechat.fetch)];
    const [ofA, ofB] = [await a.tokens.get(owner, WAIT_MS), await b.tokens.get(owner, WAIT_MS)];
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, (_, n) => (n % 2 ? a.tokens.distrust(ofA, '/x') : b.tokens.distrust(ofB, `/${n}`))),
    );
    expect(new Set(outcomes)).toEqual(new Set(['replaced']));
    await until('both have the next one', async () => {
      const next = await Promise.all([a, b].map(({ tokens }) => tokens.get(owner, WAIT_MS)));
      return next.every(({ value }) => value === 'token 2');
    });
    expect(wechat.asked()).toBe(2);
  });

  it('stays where its endpoint refused the last one, too: a thousand such calls fetch two tokens', async () => {
    const wechat = counting((n) => lasting(`token ${n}`));
    const nodes = [node(wechat.fetch), node(wechat.fetch)];
    for (let call = 0; call < 1_000; call++) {
      const { tokens } = nodes[call % 2]!;
      if ((await tokens.distrust(await tokens.get(owner, WAIT_MS), '/stubborn')) === 'replaced') {
        // However long all these calls take.
        await age(-3_600_000);
        await tokens.distrust(await tokens.get(owner, WAIT_MS), '/stubborn');
      }
    }
    expect(wechat.asked()).toBe(2);
  });

  it('has to be twice as old for the same endpoint after every time, and a few seconds old for another', async () => {
    await until('none of it took seconds', async () => {
      await server.redis.flushall();
      const { tokens } = node(counting((n) => lasting(`token ${n}`)).fetch);
      const refused = async (path: string) => tokens.distrust(await tokens.get(owner, WAIT_MS), path);
      const startedAt = await redisTimeMs(server.redis, TOKEN_KEY);
      const outcomes = [await refused('/a'), await refused('/a'), await refused('/b')];
      await age(6_000);
      outcomes.push(await refused('/a'), await refused('/b'));
      await age(11_000);
      outcomes.push(await refused('/a'));
      await age(11_000);
      outcomes.push(await refused('/a'));
      await age(10_000);
      outcomes.push(await refused('/a'));
      if ((await redisTimeMs(server.redis, TOKEN_KEY)) - startedAt > 3_000) return false;
      expect(outcomes).toEqual([
        ...['replaced', 'kept', 'kept'],
        // Six seconds old.
        ...['kept', 'replaced'],
        // Eleven, and then after the second time eleven and 21.
        ...['replaced', 'kept', 'replaced'],
      ]);
      return true;
    });
  });

  it('is replaced at once, time after time, where the endpoint had accepted it: known to all processes', async () => {
    const wechat = counting((n) => lasting(`token ${n}`));
    const [a, b] = [node(wechat.fetch), node(wechat.fetch)];
    for (let death = 1; death <= 5; death++) {
      const token = await a.tokens.get(owner, WAIT_MS);
      a.tokens.accepted(token, { path: '/x', departedAt: performance.now() });
      if (death > 1) {
        const noted = 'wx:{wxc:wxa}:distrusts:authorizer';
        await until(
          'the acceptance is noted',
          async () => (await server.redis.hget(noted, 'accepted:/x')) === String(token.version),
        );
      }
      // Another process, and in every second death another endpoint, which has cost no token yet.
      const path = death % 2 ? '/x' : `/y${death}`;
      expect(await b.tokens.distrust(token, path)).toBe('replaced');
      await until(
        'both have the next one',
        async () => (await a.tokens.get(owner, WAIT_MS)).value === `token ${death + 1}`,
      );
    }
  });

  it('stays where another process’ call elsewhere has been accepted since the endpoint refused it', async () => {
    const wechat = counting((n) => lasting(`token ${n}`));
    const [a, b] = [node(wechat.fetch), node(wechat.fetch)];
    await a.tokens.distrust(await a.tokens.get(owner, WAIT_MS), '/stubborn');
    expect(await a.tokens.distrust(await a.tokens.get(owner, WAIT_MS), '/stubborn')).toBe('kept');
    const token = await b.tokens.get(owner, WAIT_MS);
    // As if the refusal had come a while ago.
    await server.redis.hincrby('wx:{wxc:wxa}:distrusts:authorizer', 'refusedAt:/stubborn', -60_000);
    b.tokens.accepted(token, { path: '/good', departedAt: performance.now() });
    await age(3_600_000);
    expect(await b.tokens.distrust(token, '/stubborn')).toBe('kept');
    expect(await a.tokens.distrust(token, '/stubborn')).toBe('kept');
    // Its own word is no proof against itself, and another endpoint is believed.
    expect(await a.tokens.distrust(token, '/good')).toBe('replaced');
    expect(wechat.asked()).toBe(3);
  });

  it('is replaced although its endpoint refuses every token, where no acceptance of the last half minute speaks for it', async () => {
    const wechat = counting((n) => lasting(`token ${n}`));
    const { tokens } = node(wechat.fetch);
    const distrusts = 'wx:{wxc:wxa}:distrusts:authorizer';
    await tokens.distrust(await tokens.get(owner, WAIT_MS), '/stubborn');
    const token = await tokens.get(owner, WAIT_MS);
    expect(await tokens.distrust(token, '/stubborn')).toBe('kept');
    await server.redis.hincrby(distrusts, 'refusedAt:/stubborn', -60_000);
    await age(3_600_000);
    const acceptedSecondsAgo = (seconds: number) =>
      server.redis.hset(distrusts, `acceptedAt:${token.version}`, Date.now() - seconds * 1_000);
    await acceptedSecondsAgo(5);
    expect(await tokens.distrust(token, '/stubborn')).toBe('kept');
    // The token may have ended since.
    await acceptedSecondsAgo(40);
    expect(await tokens.distrust(token, '/stubborn')).toBe('replaced');
  });

  it('is replaced at most twenty times an hour, whatever the endpoints say', async () => {
    const wechat = counting((n) => lasting(`token ${n}`));
    const { tokens } = node(wechat.fetch);
    for (let n = 0; n < 40; n++) {
      await tokens.distrust(await tokens.get(owner, WAIT_MS), `/${n}`);
      await age(3_600_000);
    }
    expect(wechat.asked()).toBe(21);
    expect(await server.redis.pttl('wx:{wxc:wxa}:distrusts:authorizer')).toBeGreaterThan(0);
  });
});

describe('a refresh', () => {
  it('does nothing while the token is not due', async () => {
    const wechat = counting((n) => lasting(`token ${n}`));
    const { tokens } = node(wechat.fetch);
    expect(await tokens.refresh(owner)).toMatchObject({ outcome: 'stored' });
    expect(await tokens.refresh(owner)).toEqual({ outcome: 'fresh' });
    expect(wechat.asked()).toBe(1);
  });

  it('does not ask WeChat after a failure, until the owner is forgiven', async () => {
    const wechat = counting((n) => {
      if (n === 1) throw new Failure('wrong', 'operator', 'no');
      return lasting('token');
    });
    const { tokens, store } = node(wechat.fetch);
    expect(await tokens.refresh(owner)).toMatchObject({ outcome: 'failed' });
    expect(await tokens.refresh(owner)).toEqual({ outcome: 'backing-off' });
    await store.forgive(owner);
    expect(await tokens.refresh(owner)).toMatchObject({ outcome: 'stored' });
  });

  it('whose owner is forgiven during the request keeps no process from asking when it fails, and its answer counts', async () => {
    const wechat = counting(async (n) => {
      await store.forgive(owner);
      if (n === 1) throw new Failure('grant_ended', 'reauthorize', 'the former consent', { errcode: 61003 });
      return lasting('token');
    });
    const { tokens, store } = node(wechat.fetch);
    expect(await tokens.refresh(owner)).toMatchObject({ outcome: 'failed' });
    expect(await store.read(owner)).toMatchObject({ retryAt: 0, failures: 0, failure: undefined });
    expect(await tokens.refresh(owner)).toMatchObject({ outcome: 'stored' });
  });

  it.each([
    ['its quota is closed', 'slow-down', 60_000],
    ['something is missing', 'operator', 5_000],
  ] as const)('tries again soon if WeChat was not even asked, since %s', async (_, remedy, afterMs) => {
    const { tokens, store } = node(() => Promise.reject(new Failure('unasked', remedy, 'no')));
    const { now: before } = await store.read(owner);
    expect(await tokens.refresh(owner)).toMatchObject({ outcome: 'failed' });
    const { retryAt, now } = await store.read(owner);
    expect(retryAt - before).toBeGreaterThanOrEqual(afterMs);
    expect(retryAt - now).toBeLessThanOrEqual(afterMs);
  });

  it('tries again soon if a token that it needs was refused and cannot be fetched', async () => {
    const component: TokenOwner = { kind: 'component', component: 'wxc', appid: 'wxc' };
    let isAccount = true;
    const { tokens, store } = node(async ({ beforeSend, tokens: needed }) => {
      beforeSend();
      if (isAccount) {
        isAccount = false;
        await needed.ensure(component);
      }
      throw new Failure('bad_secret', 'operator', 'the secret is wrong', { errcode: 40125 });
    });
    expect(await tokens.refresh(owner)).toMatchObject({ outcome: 'failed' });
    const { retryAt, now } = await store.read(owner);
    expect(retryAt - now).toBeLessThanOrEqual(5_000);
    const { retryAt: componentRetryAt } = await store.read(component);
    expect(componentRetryAt - now).toBeGreaterThan(60_000);
  });

  it('retries a transient failure by itself', async () => {
    const wechat = counting((n) => {
      if (n === 1) throw new Failure('wechat_busy', 'retry', 'busy');
      return lasting('token');
    });
    expect(await node(wechat.fetch).tokens.refresh(owner)).toMatchObject({ outcome: 'stored' });
    expect(wechat.asked()).toBe(2);
  });

  it('never lets a late answer replace a newer token, and does not lean on that one for long', async () => {
    const gate = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    const dueIn: number[] = [];
    const late = node(
      async ({ beforeSend }) => {
        beforeSend();
        started.resolve();
        await gate.promise;
        return lasting('late');
      },
      async (_, { refreshInMs }) => void dueIn.push(refreshInMs),
    );
    const lateRefresh = late.tokens.refresh(owner);
    await started.promise;
    // The lease is gone as after a freeze; another node takes over.
    await server.redis.del('wx:{wxc:wxa}:lease:authorizer');
    const other = node(counting(() => lasting('newer')).fetch);
    expect(await other.tokens.refresh(owner)).toMatchObject({ outcome: 'stored' });
    const before = await other.store.read(owner);
    gate.resolve();
    expect(await lateRefresh).toMatchObject({ outcome: 'superseded' });
    const after = await other.store.read(owner);
    expect(after).toMatchObject({ value: 'newer', version: before.version });
    expect(after.trustedUntil - after.now).toBeLessThanOrEqual(4 * 60_000);
    expect(after.refreshAt - after.now).toBeLessThanOrEqual(3 * 60_000);
    // Otherwise no process would refresh it ahead, and a caller would find it expired.
    expect(dueIn).toEqual([3 * 60_000]);
  });

  it('asks for nothing once its lease is over', async () => {
    let hasDeparted = false;
    const frozen = node(async ({ beforeSend }) => {
      await server.redis.set('wx:{wxc:wxa}:lease:authorizer', 'another');
      // The extension notices it in a third of the lease's time.
      await until('the lease is seen to be over', () => {
        try {
          beforeSend();
          return false;
        } catch {
          return true;
        }
      });
      beforeSend();
      hasDeparted = true;
      return lasting('never');
    });
    expect(await frozen.tokens.refresh(owner)).toEqual({ outcome: 'held' });
    expect(hasDeparted).toBe(false);
  });

  it('that a process aborts when it shuts down does not keep the next one from asking', async () => {
    const shutdown = new AbortController();
    const cut = node(({ signal }) => {
      shutdown.abort();
      return Promise.reject(
        signal?.aborted ? new Failure('wechat_timeout', 'retry', 'given up') : new Error('no signal'),
      );
    });
    expect(await cut.tokens.refresh(owner, shutdown.signal)).toEqual({ outcome: 'aborted' });
    expect(await node(counting(() => lasting('token')).fetch).tokens.refresh(owner)).toMatchObject({
      outcome: 'stored',
    });
  });

  it('counts on after Redis has lost everything', async () => {
    const wechat = counting((n) => lasting(`token ${n}`));
    const { tokens, store } = node(wechat.fetch);
    await tokens.refresh(owner);
    const before = await store.read(owner);
    await server.redis.flushall();
    await tokens.refresh(owner);
    expect((await store.read(owner)).version).toBeGreaterThan(before.version);
  });
});

describe('the store', () => {
  it('keeps no token in clear', async () => {
    const { tokens } = node(counting(() => lasting('42_very-secret')).fetch);
    await tokens.refresh(owner);
    const raw = JSON.stringify(await server.redis.hgetall('wx:{wxc:wxa}:token:authorizer'));
    expect(raw).toContain('version');
    expect(raw).not.toContain('very-secret');
  });

  it('gives tokens an end that both clocks agree on', async () => {
    const { tokens } = node(counting(() => lasting('t')).fetch);
    const token: Token = await tokens.get(owner, WAIT_MS);
    const trustedForMs = token.trustedUntil.getTime() - Date.now();
    expect(trustedForMs).toBeGreaterThan(7_000_000);
    expect(trustedForMs).toBeLessThan(7_200_000);
  });
});

describe('a process that WeChat refuses for its address', () => {
  const forbidden = () =>
    counting(() => {
      throw new Failure('ip_not_allowed', 'operator', 'add the address to the list', { errcode: 61004 });
    });

  it('lets another process refresh, and writes nothing to the shared record', async () => {
    const [refused, allowed] = [forbidden(), counting((n) => lasting(`token ${n}`))];
    const [bad, good] = [node(refused.fetch), node(allowed.fetch)];
    const beats = [bad, good].map(({ gate }) => gate.keepBeating(['wxc']));
    await until('both are known', () => bad.gate.othersCan('wxc'));

    expect(await bad.tokens.refresh(owner)).toMatchObject({ outcome: 'not-here', isNews: true });
    expect((await bad.store.read(owner)).failure).toBeUndefined();
    // It sends no request for a while, for any owner.
    const other = { ...owner, appid: 'wxb' };
    expect(await bad.tokens.refresh(other)).toMatchObject({ outcome: 'not-here', isNews: false });
    expect(refused.asked()).toBe(1);
    expect([bad.gate.isDegraded, good.gate.isDegraded]).toEqual([true, false]);

    const waiting = bad.tokens.get(owner, WAIT_MS);
    expect(await good.tokens.refresh(owner)).toMatchObject({ outcome: 'stored' });
    expect((await waiting).value).toBe('token 1');
    await Promise.all(beats.map((b) => b.close()));
  });

  it('is no longer degraded once WeChat answers it, also with a refusal for another cause', async () => {
    const codes = [61004, 61023];
    const refused = counting(() => {
      const errcode = codes.shift()!;
      throw new Failure(errcode === 61004 ? 'ip_not_allowed' : 'grant_ended', 'reauthorize', 'refused', { errcode });
    });
    let skippedMs = 0;
    const { tokens, gate } = node(refused.fetch, undefined, () => performance.now() + skippedMs);
    await tokens.refresh(owner);
    expect(gate.isDegraded).toBe(true);
    skippedMs = 30_000;
    expect(await tokens.refresh({ ...owner, appid: 'wxb' })).toMatchObject({ failure: { errcode: 61023 } });
    expect([refused.asked(), gate.isDegraded]).toEqual([2, false]);
  });

  it('reports it to callers and in the record where no other process can refresh', async () => {
    const refused = forbidden();
    const [a, b] = [node(refused.fetch), node(refused.fetch)];
    const beats = [a, b].map(({ gate }) => gate.keepBeating(['wxc']));
    await until('both are known', () => a.gate.othersCan('wxc'));
    expect(await a.tokens.refresh(owner)).toMatchObject({ outcome: 'not-here' });
    await until('b knows that a cannot', async () => !(await b.gate.othersCan('wxc')));
    expect(await b.tokens.refresh(owner)).toMatchObject({ outcome: 'failed', failure: { code: 'ip_not_allowed' } });
    await expect(a.tokens.get(owner, WAIT_MS)).rejects.toMatchObject({ code: 'ip_not_allowed', remedy: 'operator' });
    // Nor is WeChat asked again for another account, whose callers receive the same failure.
    const other = { ...owner, appid: 'wxb' };
    await expect(b.tokens.get(other, WAIT_MS)).rejects.toMatchObject({ code: 'ip_not_allowed', remedy: 'operator' });
    expect(refused.asked()).toBe(2);
    await Promise.all(beats.map((beat) => beat.close()));
  });
});

it('a minute’s limit puts an account off to the next minute, not for ten', async () => {
  const { tokens, store } = node(
    counting(() => {
      throw new Failure('minute_limit', 'slow-down', 'too often', { errcode: 45011 });
    }).fetch,
  );
  expect(await tokens.refresh(owner)).toMatchObject({ outcome: 'failed' });
  const { retryAt, now } = await store.read(owner);
  expect(retryAt - now).toBeLessThanOrEqual(80_000);
});
