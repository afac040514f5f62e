import { randomBytes } from 'node:crypto';
import { type AuthorizerInfo, type ComponentApi, Failure } from '@wxthirdparty/wechat';
import { Worker } from 'bullmq';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { startDatabase, type TestDatabase } from '../../test/database.ts';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { AuthorizerNotices } from '../authorizer/authorizer-notices.ts';
import { AuthorizerStore } from '../authorizer/authorizer-store.ts';
import { authorizerOwner, authorizerTokenKind } from '../authorizer/authorizer-token.ts';
import { Profiles } from '../authorizer/profiles.ts';
import { tokenEffects } from '../authorizer/token-effects.ts';
import { componentOwner } from '../component/component-owner.ts';
import { Components } from '../component/components.ts';
import { Events } from '../events.ts';
import { pushPlace, readEntry } from '../journal/stream-entry.ts';
import { type OpenQueue, openQueue } from '../queue/queues.ts';
import { connectRedis, type RedisClient } from '../redis/connect.ts';
import { Hints } from '../redis/hints.ts';
import { DEFAULT_REDIS_PREFIX } from '../redis/keys.ts';
import { openLeases } from '../redis/lease.ts';
import { Seals } from '../sealing/seals.ts';
import { HostGate } from '../token/host-gate.ts';
import { RefreshAhead } from '../token/refresh-ahead.ts';
import { TokenStore } from '../token/token-store.ts';
import { Tokens } from '../token/tokens.ts';
import { AuthorizationLinks } from './authorization-links.ts';
import { type AuthorizationRun, Authorizations } from './authorize.ts';
import { type AuthorizationPayload, AuthorizeJob } from './authorize-job.ts';
import { CodeExchange } from './code-exchange.ts';
import { CodeIntake } from './code-intake.ts';
import { CodeTies, hashOfCode } from './code-ties.ts';
import { LinkStore } from './link-store.ts';

let server: TestRedis;
let database: TestDatabase;
let subscriber: RedisClient;
beforeAll(async () => {
  [server, database] = await Promise.all([startRedis(), startDatabase()]);
});
afterAll(() => Promise.all([server.stop(), database.stop()]));
beforeEach(async () => {
  await server.redis.flushall();
  await database.sql.deleteFrom('authorizers').execute();
  await database.sql.deleteFrom('authorizer_history').execute();
  subscriber = server.connect();
});
afterEach(() => subscriber.disconnect());

const seals = new Seals([randomBytes(32)]);
const owner = authorizerOwner('wxc', 'wxa');
const exchanged = {
  ...{ appid: 'wxa', accessToken: 'access 1', expiresInMs: 7_200_000 },
  ...{ refreshToken: 'refreshtoken@@@1', scopes: [1, 15] },
};
const profile = { appid: 'wxa', kind: 'official-account', nickName: '茶馆', userName: 'gh_1', scopes: [1, 15] };
/** What a push says about its code. */
const fromPush = { appid: 'wxa', preAuthCode: undefined, isUpdate: false };
const spent = new Failure('auth_code_refused', 'fix-request', 'spent', { errcode: 61010 });

const component = { appid: 'wxc', appsecret: 'secret', token: 'token', encodingAesKey: 'A'.repeat(43) };

type Asked = 'queryAuth' | 'getAuthorizerInfo' | 'getAuthorizerList' | 'fetchAuthorizerToken' | 'fetchComponentToken';

/** Everything is real except WeChat, whose answers a test sets. */
function authorizationsWith(answers: { [Name in Asked]?: () => unknown }) {
  const asked: Asked[] = [];
  const answering = (name: Asked, usual?: unknown) => async () => {
    asked.push(name);
    const answer = answers[name];
    if (!answer && usual === undefined) throw new Error(`unexpected request: ${name}`);
    return answer ? answer() : usual;
  };
  const api = {
    queryAuth: answering('queryAuth', exchanged),
    getAuthorizerInfo: answering('getAuthorizerInfo', profile as AuthorizerInfo),
    getAuthorizerList: answering('getAuthorizerList'),
    fetchAuthorizerToken: answering('fetchAuthorizerToken'),
  } as unknown as ComponentApi;
  const store = new AuthorizerStore(database.sql, seals);
  const refreshAhead = new RefreshAhead(server.redis);
  const fetchComponentToken = answering('fetchComponentToken', { value: 'component token', expiresInMs: 7_200_000 });
  const tokenStore = new TokenStore(server.redis, seals, tokenEffects);
  const noTicket = { fetch: () => Promise.reject(new Error('unexpected request for a ticket')) };
  const kinds = {
    component: { fetch: fetchComponentToken as () => Promise<{ value: string; expiresInMs: number }> },
    authorizer: authorizerTokenKind({ apiWith: () => api, store, refreshAhead, tokenStore }),
    'jsapi-ticket': noTicket,
    'wx-card-ticket': noTicket,
  };
  const tokens: Tokens = new Tokens({
    ...{
      store: tokenStore,
      leases: openLeases(server.redis),
      gate: new HostGate(server.redis),
    },
    ...{ hints: new Hints(subscriber), kinds, events: new Events(), askForRefresh: async () => {} },
  });
  const jobs: AuthorizationPayload[] = [];
  const queue = {
    ...openQueue(AuthorizeJob, server.redis),
    add: async (job: AuthorizationPayload) => void jobs.push(job),
  };
  const ties = new CodeTies(server.redis);
  const codes = new CodeIntake(server.redis, ties, seals, queue);
  const linkStore = new LinkStore(database.sql);
  const links = new AuthorizationLinks({
    ...{ redis: server.redis, components: new Components([]), store: linkStore, ties, authorizers: store },
    events: new Events(),
  });
  const notices = new AuthorizerNotices({ redis: server.redis, seals, grants: store.grants });
  const profiles = new Profiles({ api, tokens, store, refreshAhead, notices, events: new Events() });
  const authorizations = new Authorizations({
    ...{ redis: server.redis, api, tokens, store, refreshAhead, codes, profiles, links, notices, events: new Events() },
  });
  return {
    ...{ asked, store, tokens, codes, linkStore, profiles, jobs },
    codesOn: (real: OpenQueue<AuthorizationPayload>) => new CodeIntake(server.redis, ties, seals, real),
    async job(appid: string | undefined = 'wxa') {
      await codes.ask('wxc', 'queryauthcode@@@1', appid);
      return jobs.at(-1)!;
    },
    exchange: (job: AuthorizationPayload, run: Partial<AuthorizationRun> = {}) =>
      authorizations.exchange(job, { again: false, last: false, addedAt: new Date(), ...run }),
  };
}

it('saves the grant and publishes the token of the same answer', async () => {
  const { job, exchange, store, tokens } = authorizationsWith({});
  expect(await exchange(await job())).toMatchObject({ outcome: 'authorized', appid: 'wxa' });
  expect(await store.grants.find('wxc', 'wxa')).toMatchObject({ refreshToken: 'refreshtoken@@@1', state: 'active' });
  expect(await store.find('wxc', 'wxa')).toMatchObject({ nickName: '茶馆', scopes: [1, 15] });
  expect(await tokens.get(owner, 0)).toMatchObject({ value: 'access 1' });
});

it('exchanges a code once, however often its job runs', async () => {
  const { job, exchange, asked } = authorizationsWith({});
  const one = await job();
  await exchange(one);
  expect(await exchange(one)).toMatchObject({ outcome: 'authorized', appid: 'wxa' });
  expect(asked.filter((name) => name === 'queryAuth')).toHaveLength(1);
});

it('exchanges a code once for twenty programs and browsers on two nodes, which all receive the outcome', async () => {
  const nodes = [authorizationsWith({}), authorizationsWith({})].map(({ exchange, asked, codesOn }) => {
    const connection = server.connect();
    const queue = openQueue(AuthorizeJob, connection);
    const forWorker = connectRedis({ redisUrl: server.url, redisPrefix: DEFAULT_REDIS_PREFIX }, 'blocking', 'worker');
    const worker = new Worker(queue.contract.queue, ({ data }) => exchange(data), {
      connection: forWorker,
      prefix: connection.keyspace.queuePrefix(queue.contract.queue),
    });
    const exchangeOfNode = new CodeExchange(codesOn(queue), new Components([component]));
    return {
      asked,
      exchangeOfNode,
      close: () => Promise.all([worker.close().then(() => forWorker.quit()), connection.quit()]),
    };
  });
  const { signal } = new AbortController();
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      nodes[i % 2]!.exchangeOfNode.run('wxc', 'queryauthcode@@@1', {
        waitMs: 60_000,
        signal,
        withProfile: i % 3 === 0,
      }),
    ),
  );
  expect(outcomes).toHaveLength(20);
  for (const outcome of outcomes) expect(outcome).toMatchObject({ outcome: 'authorized', appid: 'wxa' });
  expect(nodes.flatMap(({ asked }) => asked).filter((name) => name === 'queryAuth')).toHaveLength(1);
  await Promise.all(nodes.map(({ close }) => close()));
});

it('never shows WeChat the code of another component of this deployment', async () => {
  const { codes, jobs } = authorizationsWith({});
  const code = 'queryauthcode@@@1';
  const outcome = { outcome: 'authorized', appid: 'wxa', profile: 'asked' } as const;
  await codes.settle('wxc', hashOfCode('wxc', code), outcome);
  const exchange = new CodeExchange(codes, new Components([component, { ...component, appid: 'wxother' }]));
  const wait = { waitMs: 0, signal: new AbortController().signal, withProfile: false };
  expect(await exchange.run('wxc', code, wait)).toEqual(outcome);
  expect(await exchange.run('wxother', code, wait)).toMatchObject({ outcome: 'failed', errcode: 61010 });
  expect(jobs).toEqual([]);
  // Of a code that is not known yet, the exchange continues without its caller.
  expect(await exchange.run('wxother', 'queryauthcode@@@2', wait)).toBe('pending');
  expect(jobs).toMatchObject([{ component: 'wxother' }]);
});

it('finds the account in WeChat’s list if a crash lost the answer to a code that is now used', async () => {
  const { job, exchange, store } = authorizationsWith({
    queryAuth: () => Promise.reject(spent),
    getAuthorizerList: () => ({
      total: 1,
      items: [{ appid: 'wxa', refreshToken: 'refreshtoken@@@listed', authorizedAt: new Date() }],
    }),
  });
  expect(await exchange(await job())).toMatchObject({ outcome: 'authorized', appid: 'wxa' });
  expect(await store.grants.find('wxc', 'wxa')).toMatchObject({
    refreshToken: 'refreshtoken@@@listed',
    state: 'active',
  });
  expect(await store.find('wxc', 'wxa')).toMatchObject({ scopes: [1, 15] });
});

it('gives up a used code whose account WeChat does not list', async () => {
  const { job, exchange } = authorizationsWith({
    queryAuth: () => Promise.reject(spent),
    getAuthorizerList: () => ({ total: 0, items: [] }),
  });
  expect(await exchange(await job())).toMatchObject({ outcome: 'failed', errcode: 61010 });
});

it('does not count a failure of the component against the code', async () => {
  let broken = true;
  const { job, exchange, asked } = authorizationsWith({
    fetchComponentToken() {
      if (broken) throw new Failure('wechat_refused', 'fix-request', 'undocumented', { errcode: 99999 });
      return { value: 'component token', expiresInMs: 7_200_000 };
    },
  });
  const one = await job();
  expect(await exchange(one, { last: true })).toBe('no-token');
  const anHourAgo = new Date(Date.now() - 3_600_000);
  await expect(exchange(one, { addedAt: anHourAgo })).rejects.toMatchObject({ errcode: 99999 });
  expect(asked).not.toContain('queryAuth');
  broken = false;
  await server.redis.flushall();
  expect(await exchange(one)).toMatchObject({ outcome: 'authorized' });
});

it('does not count a refused component token against the code either', async () => {
  let broken = true;
  const { job, exchange, tokens } = authorizationsWith({
    async queryAuth() {
      if (!broken) return exchanged;
      await tokens.distrust(await tokens.ensure(componentOwner('wxc')), '/cgi-bin/component/api_query_auth');
      throw new Failure('bad_secret', 'operator', 'the next component token could not be fetched', { errcode: 40125 });
    },
  });
  const one = await job();
  expect(await exchange(one, { last: true })).toBe('no-token');
  broken = false;
  expect(await exchange(one)).toMatchObject({ outcome: 'authorized' });
});

it('asks again for a profile that it could not read, without the code', async () => {
  let busy = true;
  const { job, exchange, store, asked } = authorizationsWith({
    getAuthorizerInfo() {
      if (busy) throw new Failure('wechat_busy', 'retry', 'busy');
      return profile;
    },
  });
  const one = await job();
  await expect(exchange(one)).rejects.toMatchObject({ code: 'wechat_busy' });
  expect(await store.grants.find('wxc', 'wxa')).toMatchObject({ state: 'active' });
  busy = false;
  await exchange(one);
  expect(await store.find('wxc', 'wxa')).toMatchObject({ nickName: '茶馆' });
  expect(asked.filter((name) => name === 'queryAuth')).toHaveLength(1);
});

it('takes the refresh token of the list if WeChat refuses ours, and needs a new consent if that is refused, too', async () => {
  const refused = new Failure('refresh_token_refused', 'reauthorize', 'refused', { errcode: 61023 });
  const listed = 'refreshtoken@@@2';
  const { job, exchange, store, tokens } = authorizationsWith({
    fetchAuthorizerToken: () => Promise.reject(refused),
    getAuthorizerList: () => ({
      total: 1,
      items: [{ appid: 'wxa', refreshToken: listed, authorizedAt: new Date() }],
    }),
  });
  await exchange(await job());
  await tokens.distrust(await tokens.get(owner, 0), '/cgi-bin/user/get');
  expect(await tokens.refresh(owner)).toMatchObject({ outcome: 'failed' });
  // Both were refused: there is no other.
  expect(await store.grants.find('wxc', 'wxa')).toMatchObject({ refreshToken: listed, state: 'needs-reauthorization' });
});

it('lets only 61003 revoke', async () => {
  const ended = new Failure('not_authorized', 'reauthorize', 'ended', { errcode: 61003 });
  const { job, exchange, store, tokens } = authorizationsWith({ fetchAuthorizerToken: () => Promise.reject(ended) });
  await exchange(await job());
  await tokens.distrust(await tokens.get(owner, 0), '/cgi-bin/user/get');
  await tokens.refresh(owner);
  expect(await store.grants.find('wxc', 'wxa')).toMatchObject({ state: 'revoked' });
});

it('asks again if the grant changed while WeChat answered that it has ended', async () => {
  const ended = new Failure('not_authorized', 'reauthorize', 'ended', { errcode: 61003 });
  let infos = 0;
  const { job, exchange, store, profiles, asked } = authorizationsWith({
    async getAuthorizerInfo() {
      infos++;
      if (infos === 1) return profile;
      if (infos === 2) await store.grants.change('wxc', 'wxa', 1, { refreshToken: 'refreshtoken@@@2' });
      throw ended;
    },
  });
  await exchange(await job());
  asked.length = 0;
  expect(await profiles.read('wxc', 'wxa')).toBe('revoked');
  expect(asked).toEqual(['getAuthorizerInfo', 'getAuthorizerInfo']);
  expect(await store.grants.find('wxc', 'wxa')).toMatchObject({ state: 'revoked' });
});

const listing = () => ({
  total: 1,
  items: [{ appid: 'wxa', refreshToken: 'refreshtoken@@@listed', authorizedAt: new Date() }],
});

it('waits for the push to name the account of a code if the answer to a browser’s code was lost', async () => {
  const { job, exchange, codes } = authorizationsWith({
    queryAuth: () => Promise.reject(spent),
    getAuthorizerList: listing,
  });
  const fromBrowser = await job(undefined);
  delete (fromBrowser as { appid?: string }).appid;
  await expect(exchange(fromBrowser, { again: true })).rejects.toMatchObject({ errcode: 61010 });
  await codes.ties.fromPush('wxc', fromBrowser.codeHash, { ...fromPush, linkId: undefined });
  expect(await exchange(fromBrowser, { again: true })).toMatchObject({ outcome: 'authorized', appid: 'wxa' });
});

/** The notices in the stream, without repetitions. */
async function notices(): Promise<Record<string, unknown>[]> {
  const found = new Map<string, Record<string, unknown>>();
  for (const [streamId, list] of await server.redis.xrange(server.redis.keyspace.pushStream, '-', '+')) {
    const { content } = readEntry(streamId, list);
    if (typeof content !== 'object' || content.kind !== 'notice') throw new Error('it is no notice');
    const { id, component, appid, type, sealed } = content;
    const data = JSON.parse(seals.openBytes(sealed, pushPlace(component, id)).toString());
    found.set(id, { component, appid, type, data });
  }
  return [...found.values()];
}

it('reports each consent in one notice, however often its job runs, and the end of the consent in another', async () => {
  let isRevoked = false;
  const { job, exchange, codes, profiles } = authorizationsWith({
    getAuthorizerInfo: () => {
      if (isRevoked) throw new Failure('not_authorized', 'reauthorize', 'no', { errcode: 61003 });
      return { ...profile, scopes: [1, 15, 100] };
    },
  });
  const code = 'queryauthcode@@@1';
  await codes.noteFromPush('wxc', code, { ...fromPush, linkId: 'link-1', preAuthCode: 'preauthcode@@@1' });
  expect(JSON.stringify(await codes.ties.read('wxc', hashOfCode('wxc', code)))).not.toContain('preauthcode');
  const one = await job();
  for (let run = 0; run < 3; run++) await exchange(one, { again: run > 0 });
  const data = { state: 'active', scopes: [1, 15, 100], grantVersion: 1, linkId: 'link-1' };
  const authorized = { component: 'wxc', appid: 'wxa', type: 'authorizer.authorized' };
  expect(await notices()).toEqual([{ ...authorized, data: { ...data, preAuthCode: 'preauthcode@@@1' } }]);

  isRevoked = true;
  expect(await profiles.read('wxc', 'wxa')).toBe('revoked');
  expect(await profiles.read('wxc', 'wxa')).toBe('revoked');
  const [, unauthorized, ...others] = await notices();
  expect(unauthorized).toMatchObject({ type: 'authorizer.unauthorized', data: { state: 'revoked' } });
  expect(others).toEqual([]);
});

it('a consent to a component that the account has authorized is an update; after its end it is an authorization', async () => {
  const { job, exchange, store } = authorizationsWith({});
  const again = async (change?: () => Promise<unknown>) => {
    await change?.();
    await server.redis.del(server.redis.keyspace.codeOutcome('wxc', hashOfCode('wxc', 'queryauthcode@@@1')));
    await exchange(await job());
    return (await notices()).at(-1)?.type;
  };
  expect(await again()).toBe('authorizer.authorized');
  expect(await again()).toBe('authorizer.updated');
  const revoke = async () => {
    const { version } = (await store.grants.find('wxc', 'wxa'))!;
    await store.grants.change('wxc', 'wxa', version, { state: 'revoked' });
  };
  expect(await again(revoke)).toBe('authorizer.authorized');
});

it('reports nothing of accounts that belong to the release check', async () => {
  const appid = 'wx570bc396a51b8ff8';
  const { job, exchange } = authorizationsWith({ queryAuth: () => ({ ...exchanged, appid }) });
  await exchange(await job(appid));
  expect(await notices()).toEqual([]);
});

it('reports a failed code when no run will try it again', async () => {
  const { job, exchange } = authorizationsWith({
    queryAuth: () => Promise.reject(new Failure('ip_not_allowed', 'operator', 'not from here', { errcode: 61004 })),
  });
  const one = await job();
  await expect(exchange(one)).rejects.toMatchObject({ errcode: 61004 });
  expect(await exchange(one, { last: true })).toMatchObject({ outcome: 'failed', errcode: 61004 });
});

it.each(['push first', 'browser first'])('believes the push about the link, %s', async (order) => {
  const { job, exchange, codes, linkStore } = authorizationsWith({});
  const options = { style: null, authType: 3, bizAppid: null, categoryIdList: null, returnTo: null, handle: null };
  const [right, wrong] = [
    await linkStore.create('wxc', options, 60_000),
    await linkStore.create('wxc', options, 60_000),
  ];
  const codeHash = hashOfCode('wxc', 'queryauthcode@@@1');
  const ties = [
    () => codes.ties.fromPush('wxc', codeHash, { ...fromPush, linkId: right.id }),
    () => codes.ties.fromBrowser('wxc', codeHash, wrong.id),
  ];
  for (const tie of order === 'push first' ? ties : ties.toReversed()) await tie();
  await exchange(await job());
  expect(await linkStore.find(right.id)).toMatchObject({ state: 'authorized', appid: 'wxa' });
  expect(await linkStore.find(wrong.id)).toMatchObject({ state: 'pending', appid: null });
});

it("gives the account the link's handle, and keeps the consent if another account has that", async () => {
  const { job, exchange, codes, linkStore, store } = authorizationsWith({});
  const options = { style: null, authType: 3, bizAppid: null, categoryIdList: null, returnTo: null };
  const consentBy = async (handle: string) => {
    const { id } = await linkStore.create('wxc', { ...options, handle }, 60_000);
    const one = await job();
    await codes.ties.fromPush('wxc', one.codeHash, { ...fromPush, linkId: id });
    expect(await exchange(one)).toMatchObject({ outcome: 'authorized' });
    return linkStore.find(id);
  };
  await store.grants.save('wxc', 'wxother', { refreshToken: 'r', scopes: [], authorizedAt: new Date() });
  await store.handles.choose('wxc', 'wxother', 'shop-1');
  const failure = { code: 'handle_taken', message: expect.stringContaining('shop-1') };
  expect(await consentBy('shop-1')).toMatchObject({ state: 'authorized', appid: 'wxa', failure });
  expect(await store.grants.find('wxc', 'wxa')).toMatchObject({ state: 'active' });
  expect((await store.find('wxc', 'wxa'))?.handle).toMatch(/^.{24}$/);
});

it("gives the link's handle once, whatever the business chooses afterwards", async () => {
  const { job, exchange, codes, linkStore, store } = authorizationsWith({});
  const options = { style: null, authType: 3, bizAppid: null, categoryIdList: null, returnTo: null };
  const { id } = await linkStore.create('wxc', { ...options, handle: 'shop-2' }, 60_000);
  const one = await job();
  await codes.ties.fromPush('wxc', one.codeHash, { ...fromPush, linkId: id });
  await exchange(one);
  expect(await linkStore.find(id)).toMatchObject({ state: 'authorized', failure: null });
  expect((await store.find('wxc', 'wxa'))?.handle).toBe('shop-2');
  await store.handles.choose('wxc', 'wxa', 'shop-3');
  await exchange(one, { again: true });
  expect((await store.find('wxc', 'wxa'))?.handle).toBe('shop-3');
});
