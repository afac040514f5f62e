import { createHash, randomBytes } from 'node:crypto';
import { endpointOf, Failure, type Transport } from '@wxthirdparty/wechat';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startDatabase, type TestDatabase } from '../../test/database.ts';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { until } from '../../test/until.ts';
import { untilDayLasts } from '../../test/until-day-lasts.ts';
import { Components } from '../component/components.ts';
import { Events } from '../events.ts';
import { Ledger } from '../quota/ledger.ts';
import type { RedisClient } from '../redis/connect.ts';
import { Hints } from '../redis/hints.ts';
import { openLeases } from '../redis/lease.ts';
import { Seals } from '../sealing/seals.ts';
import { HostGate } from '../token/host-gate.ts';
import { RefreshAhead } from '../token/refresh-ahead.ts';
import { TokenStore } from '../token/token-store.ts';
import { Tokens } from '../token/tokens.ts';
import { AuthorizerStore } from './authorizer-store.ts';
import { authorizerOwner, authorizerTokenKind } from './authorizer-token.ts';
import { Authorizers } from './authorizers.ts';
import { jsTicketOwner } from './js-ticket-owner.ts';
import { jsTicketKind } from './js-ticket-token.ts';
import { JsTickets } from './js-tickets.ts';
import { tokenEffects } from './token-effects.ts';

const PATH = '/cgi-bin/ticket/getticket';
const HOUR_MS = 3_600_000;
const account = { appid: 'wxa', component: 'wxc' };
const owner = jsTicketOwner('jsapi', 'wxc', 'wxa');
const pair = { component: 'wxc', appid: 'wxa', path: PATH };

let server: TestRedis;
let database: TestDatabase;
let store: AuthorizerStore;
const open: RedisClient[] = [];
const seals = new Seals([randomBytes(32)]);
beforeAll(async () => {
  [server, database] = await Promise.all([startRedis(), startDatabase()]);
  store = new AuthorizerStore(database.sql, seals);
});
afterAll(() => Promise.all([server.stop(), database.stop()]));
beforeEach(async () => {
  await untilDayLasts();
  await server.redis.flushall();
  await database.sql.deleteFrom('authorizers').execute();
  await store.grants.save('wxc', 'wxa', { refreshToken: 'R', scopes: [4], authorizedAt: new Date() });
  await server.redis.set(server.redis.keyspace.ready('wxc'), '1');
});
afterEach(() => {
  for (const redis of open.splice(0)) redis.disconnect();
});

/** WeChat as far as tickets need it; a test sets the answers. */
class WeChat {
  readonly asked: { readonly path: string; readonly token: string | null; readonly type: string | null }[] = [];
  accountTokens = 0;
  answer: (n: number) => object = (n) => ({ errcode: 0, errmsg: 'ok', ticket: `ticket ${n}`, expires_in: 7200 });
  fetchAccountToken: () => Promise<{ token: string; expiresInMs: number; refreshToken: undefined }> = async () => ({
    token: `token ${++this.accountTokens}`,
    expiresInMs: 2 * HOUR_MS,
    refreshToken: undefined,
  });
  readonly transport: Transport = {
    send: async ({ url, beforeSend }) => {
      beforeSend?.();
      const { pathname, searchParams } = new URL(url);
      const [token, type] = [searchParams.get('access_token'), searchParams.get('type')];
      this.asked.push({ path: pathname, token, type });
      return { status: 200, headers: {}, body: Buffer.from(JSON.stringify(this.answer(this.asked.length))) };
    },
    close: async () => {},
  };
}

/** One process: everything is real except WeChat. */
function node(wechat: WeChat) {
  const [redis, subscriber] = [server.connect(), server.connect()];
  open.push(redis, subscriber);
  const ledger = new Ledger(redis);
  const refreshAhead = new RefreshAhead(redis);
  const tokenStore = new TokenStore(redis, seals, tokenEffects);
  const unauthorized: string[] = [];
  const ticket = (type: 'jsapi' | 'wx_card') =>
    jsTicketKind(type, {
      transport: wechat.transport,
      apiBase: 'http://wechat',
      timeoutMs: 5_000,
      ledger,
      events: new Events(),
      grants: store.grants,
      refreshAhead,
      unauthorized: (_, appid) => void unauthorized.push(appid),
    });
  const api = { fetchAuthorizerToken: () => wechat.fetchAccountToken() };
  const tokens: Tokens = new Tokens({
    store: tokenStore,
    leases: openLeases(redis),
    gate: new HostGate(redis),
    hints: new Hints(subscriber),
    events: new Events(),
    kinds: {
      component: { fetch: async () => ({ value: 'component token', expiresInMs: 2 * HOUR_MS }) },
      authorizer: authorizerTokenKind({ apiWith: () => api as never, store, refreshAhead, tokenStore }),
      'jsapi-ticket': ticket('jsapi'),
      'wx-card-ticket': ticket('wx_card'),
    },
    // Instead of the queue: the refresh runs at once.
    askForRefresh: async (due) => void (await tokens.refresh(due)),
  });
  const components = new Components([{ appid: 'wxc', appsecret: 's', token: 't', encodingAesKey: 'a'.repeat(43) }]);
  const authorizers = new Authorizers({
    store,
    components,
    redis,
    links: { reauthorizationLink: async () => 'link' },
    outage: { isOut: false, check: async () => true },
  });
  const tickets = new JsTickets({ redis, authorizers, tokens, ledger, refreshAhead });
  return { tickets, tokens, ledger, refreshAhead, tokenStore, unauthorized };
}

const dueMembers = async () => {
  const { due, dueTickets } = server.redis.keyspace;
  return (await Promise.all([due('wxc'), dueTickets('wxc')].map((key) => server.redis.zrange(key, 0, '-1')))).flat();
};
/** As if the stored token had come to the time of its refresh; it is still trusted. */
const makeDue = (key: string) => server.redis.hset(key, 'refreshAt', '1');
const ticketKey = () => server.redis.keyspace.token('wxc', 'wxa', owner.kind);

describe('a ticket', () => {
  it('is fetched once with the account’s token, however many programs ask several processes at once', async () => {
    const wechat = new WeChat();
    const nodes = Array.from({ length: 4 }, () => node(wechat));
    const asking = nodes.flatMap(({ tickets }) => Array.from({ length: 5 }, () => tickets.get(account, 'jsapi')));
    expect(new Set((await Promise.all(asking)).map(({ value }) => value))).toEqual(new Set(['ticket 1']));
    expect(wechat.asked).toEqual([{ path: PATH, token: 'token 1', type: 'jsapi' }]);
    expect(await nodes[0]!.ledger.usage(pair, endpointOf('GET', PATH))).toMatchObject({ used: 1 });
  });

  it('is one for pages and another one for cards', async () => {
    const wechat = new WeChat();
    const { tickets } = node(wechat);
    expect(await tickets.get(account, 'jsapi')).toMatchObject({ value: 'ticket 1' });
    expect(await tickets.get(account, 'wx_card')).toMatchObject({ value: 'ticket 2' });
    expect(wechat.asked.map(({ type }) => type)).toEqual(['jsapi', 'wx_card']);
  });

  it('is sealed in Redis', async () => {
    const { tickets } = node(new WeChat());
    await tickets.get(account, 'jsapi');
    expect(await server.redis.hget(ticketKey(), 'value')).not.toContain('ticket 1');
  });

  it('is refreshed ahead of its end if it was used in the last 24 hours, and its predecessor serves until then', async () => {
    const wechat = new WeChat();
    const { tickets, tokens, refreshAhead } = node(wechat);
    await tickets.get(account, 'jsapi');
    await tokens.refresh(jsTicketOwner('wx_card', 'wxc', 'wxa'));
    expect((await dueMembers()).sort()).toEqual(['jsapi-ticket:wxa', 'wx-card-ticket:wxa', 'wxa']);
    expect(await refreshAhead.inUse(owner)).toBe(true);
    // No program has asked for the ticket of cards, though the account is in use.
    expect(await refreshAhead.inUse(jsTicketOwner('wx_card', 'wxc', 'wxa'))).toBe(false);

    await makeDue(ticketKey());
    expect(await node(wechat).tickets.get(account, 'jsapi')).toMatchObject({ value: 'ticket 1' });
    expect(await tokens.refresh(owner)).toMatchObject({ outcome: 'stored' });
    await until('the new one', async () => (await tickets.get(account, 'jsapi')).value === 'ticket 3');
  });

  it('is not fetched ahead after Redis was emptied, but when it is next requested', async () => {
    const wechat = new WeChat();
    const { tickets, refreshAhead } = node(wechat);
    await tickets.get(account, 'jsapi');
    await server.redis.flushall();
    await refreshAhead.restoreOnce('wxc', () => refreshAhead.restore('wxc', ['wxa'], () => -1));
    expect(await refreshAhead.claim('wxc', 10)).toEqual([authorizerOwner('wxc', 'wxa')]);
    await server.redis.set(server.redis.keyspace.ready('wxc'), '1');
    expect(await node(wechat).tickets.get(account, 'jsapi')).toMatchObject({ value: 'ticket 2' });
  });
});

describe('the account’s token', () => {
  it('is replaced if WeChat refuses it, and the ticket is fetched with the next one', async () => {
    const wechat = new WeChat();
    wechat.answer = (n) => (n === 1 ? { errcode: 40001 } : { errcode: 0, ticket: `ticket ${n}`, expires_in: 7200 });
    const { tickets } = node(wechat);
    expect(await tickets.get(account, 'jsapi')).toMatchObject({ value: 'ticket 2' });
    expect(wechat.asked.map(({ token }) => token)).toEqual(['token 1', 'token 2']);
  });

  it('that cannot be fetched is the cause that every asker receives, and WeChat is asked for no ticket', async () => {
    const wechat = new WeChat();
    wechat.fetchAccountToken = async () => {
      throw new Failure('ip_not_allowed', 'operator', 'add the address to the list', { errcode: 61004 });
    };
    const [one, other] = [node(wechat), node(wechat)];
    const asking = [one, one, other].map(({ tickets }) => tickets.get(account, 'jsapi'));
    for (const asked of await Promise.allSettled(asking)) {
      expect(asked).toMatchObject({ reason: { code: 'ip_not_allowed', errcode: 61004 } });
    }
    expect(wechat.asked).toEqual([]);
  });
});

describe('a refused ticket', () => {
  it('is not asked for again at once, and its cause reaches the askers of every process', async () => {
    const wechat = new WeChat();
    wechat.answer = () => ({ errcode: 48001, errmsg: 'api unauthorized' });
    const [one, other] = [node(wechat), node(wechat)];
    await expect(one.tickets.get(account, 'jsapi')).rejects.toMatchObject({ errcode: 48001 });
    await expect(other.tickets.get(account, 'jsapi')).rejects.toMatchObject({ errcode: 48001 });
    expect(wechat.asked).toHaveLength(1);
    // The merchant has granted the permission set since.
    wechat.answer = () => ({ errcode: 0, ticket: 'granted', expires_in: 7200 });
    await one.tokenStore.forgiveAccount('wxc', 'wxa');
    expect(await other.tickets.get(account, 'jsapi')).toMatchObject({ value: 'granted' });
  });

  it.each([
    ['the day', 45009],
    ['the minute', 45011],
  ])('closes the quota of %s, and askers receive until when', async (_, errcode) => {
    const wechat = new WeChat();
    wechat.answer = () => ({ errcode, errmsg: 'limit' });
    const [one, other] = [node(wechat), node(wechat)];
    for (const { tickets } of [one, other, one]) {
      await expect(tickets.get(account, 'jsapi')).rejects.toMatchObject({
        code: 'quota_closed',
        remedy: 'slow-down',
        closedUntil: expect.any(Date),
      });
    }
    expect(wechat.asked).toHaveLength(1);
  });

  it('by 61003 asks WeChat about the account, and ends the refreshes', async () => {
    const wechat = new WeChat();
    const { tickets, tokens, unauthorized } = node(wechat);
    await tickets.get(account, 'jsapi');
    wechat.answer = () => ({ errcode: 61003, errmsg: 'component is not authorized by this account' });
    await makeDue(ticketKey());
    expect(await tokens.refresh(owner)).toMatchObject({ outcome: 'failed', failure: { errcode: 61003 } });
    expect(unauthorized).toEqual(['wxa']);
    expect(await dueMembers()).toEqual(['wxa']);
  });
});

describe('the end of a consent', () => {
  it('erases the tickets and ends their refreshes', async () => {
    const wechat = new WeChat();
    const { tickets, tokens } = node(wechat);
    for (const type of ['jsapi', 'wx_card'] as const) await tickets.get(account, type);
    wechat.fetchAccountToken = async () => {
      throw new Failure('not_authorized', 'reauthorize', 'the account has ended its consent', { errcode: 61003 });
    };
    await makeDue(server.redis.keyspace.token('wxc', 'wxa', 'authorizer'));
    expect(await tokens.refresh(authorizerOwner('wxc', 'wxa'))).toMatchObject({ outcome: 'failed' });
    for (const type of ['jsapi', 'wx_card'] as const) {
      expect(await tokens.store.read(jsTicketOwner(type, 'wxc', 'wxa'))).toMatchObject({
        value: undefined,
        trustedUntil: 0,
      });
    }
    expect(await dueMembers()).toEqual([]);
    await until('it is refused', () =>
      tickets.get(account, 'jsapi').then(
        () => false,
        (error: unknown) => error instanceof Failure && error.code === 'reauthorize',
      ),
    );
  });

  it('also ends a fetch that is in flight: its answer is not stored', async () => {
    const wechat = new WeChat();
    const { tokens, tokenStore } = node(wechat);
    const [departed, answered] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const { send } = wechat.transport;
    Object.assign(wechat.transport, {
      send: async (request: Parameters<typeof send>[0]) => {
        const response = await send(request);
        departed.resolve();
        await answered.promise;
        return response;
      },
    });
    const fetching = tokens.refresh(owner);
    await departed.promise;
    await tokenStore.erase(owner);
    answered.resolve();
    expect(await fetching).toMatchObject({ outcome: 'superseded' });
    expect(await tokenStore.read(owner)).toMatchObject({ value: undefined, trustedUntil: 0 });
  });

  it('writes nothing for an account that never had a ticket', async () => {
    const { tokenStore } = node(new WeChat());
    await tokenStore.erase(owner);
    expect(await server.redis.exists(ticketKey(), server.redis.keyspace.fence('wxc', 'wxa', owner.kind))).toBe(0);
  });
});

describe('an account that cannot have a ticket', () => {
  it.each([
    ['is unknown', { appid: 'wxother' }, 'unknown_authorizer'],
    ['belongs to an unknown component', { ...account, component: 'wxother' }, 'unknown_component'],
  ])('is refused before WeChat is asked: it %s', async (_, asked, code) => {
    const wechat = new WeChat();
    await expect(node(wechat).tickets.get(asked, 'jsapi')).rejects.toMatchObject({ code });
    expect(wechat.asked).toEqual([]);
  });

  it('has the ticket that is there while its component is not ready, and no other', async () => {
    const { tickets } = node(new WeChat());
    await tickets.get(account, 'jsapi');
    await server.redis.del(server.redis.keyspace.ready('wxc'));
    expect(await tickets.get(account, 'jsapi')).toMatchObject({ value: 'ticket 1' });
    await server.redis.flushall();
    await expect(node(new WeChat()).tickets.get(account, 'jsapi')).rejects.toMatchObject({ code: 'not_ready' });
  });
});

it('a page’s signature is that of its URL without the fragment', async () => {
  const { tickets } = node(new WeChat());
  const { appId, timestamp, nonceStr, signature } = await tickets.sign(account, 'https://shop.example.com/a?b=c#/d');
  const signed = `jsapi_ticket=ticket 1&noncestr=${nonceStr}&timestamp=${timestamp}&url=https://shop.example.com/a?b=c`;
  expect({ appId, signature }).toEqual({ appId: 'wxa', signature: createHash('sha1').update(signed).digest('hex') });
  expect(Math.abs(timestamp - Date.now() / 1000)).toBeLessThan(3600);
  expect((await tickets.sign(account, 'https://shop.example.com/')).nonceStr).not.toBe(nonceStr);
});
