import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Failure, openEnvelope, readEnvelope, readPush } from '@wxthirdparty/wechat';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startDatabase, type TestDatabase } from '../../test/database.ts';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { Components } from '../component/components.ts';
import { PushArrivals } from '../component/push-arrivals.ts';
import { announceProcess, forgetProcess } from '../deployment/live-processes.ts';
import { Events } from '../events.ts';
import { readEntry } from '../journal/stream-entry.ts';
import { type OpenQueue, openQueue } from '../queue/queues.ts';
import { Seals } from '../sealing/seals.ts';
import { RehearsalJob, type RehearsalPayload } from './rehearsal-job.ts';
import { Rehearsals } from './rehearsals.ts';
import { ReleaseCheckJob, type ReleaseCheckPayload } from './release-check-job.ts';
import { ReleaseCheckStore } from './release-check-store.ts';
import { ReleaseChecks } from './release-checks.ts';
import { ReleaseCheckResponder } from './responder.ts';
import { type RehearsalOptions, runRehearsal } from './run-rehearsal.ts';
import { useCheckCode } from './use-code.ts';

const settings = { appid: 'wxc', appsecret: 's', token: 'aToken', encodingAesKey: 'a'.repeat(43) };
const components = new Components([settings]);
const seals = new Seals([Buffer.alloc(32, 1)]);
const createdAt = new Date(1_700_000_000_000);

let server: TestRedis;
let database: TestDatabase;
let queue: OpenQueue<RehearsalPayload>;
let codeJobs: OpenQueue<ReleaseCheckPayload>;
let store: ReleaseCheckStore;
let checks: ReleaseChecks;
let rehearsals: Rehearsals;
let deps: RehearsalOptions;

/** The push URLs of a gateway, without its intake. */
let gateway: Server;
let publicUrl: string;
let answer: (body: string) => string;
let tickets: string[];
let takesJobs: boolean;

beforeAll(async () => {
  [server, database] = await Promise.all([startRedis(), startDatabase()]);
  queue = openQueue(RehearsalJob, server.redis);
  codeJobs = openQueue(ReleaseCheckJob, server.redis);
  store = new ReleaseCheckStore(database.sql);
  const responder = new ReleaseCheckResponder({ redis: server.redis, seals, queue: codeJobs });
  gateway = createServer(async (request, response) => {
    const url = new URL(request.url!, 'http://gateway');
    if (url.pathname === '/') return void response.end('home');
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const [, , component = '', kind, appid] = url.pathname.split('/');
    const { envelopeKeys: keys } = components.get(component);
    const envelope = readEnvelope(Object.fromEntries(url.searchParams), Buffer.concat(chunks));
    const { xml, keyIndex } = openEnvelope(keys, envelope);
    const push = readPush(xml, kind as 'events' | 'messages');
    if (push.type === 'ticket') tickets.push(`${push.ticket} ${push.createTime}`);
    const opened = { component, appid, push, receivedAt: new Date(), keys, keyIndex, nonce: envelope.nonce };
    const answered = await responder.respond(opened);
    response.end(answer(answered?.body ?? 'success'));
    if (takesJobs) await runCodeJobs();
  });
  await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve));
  publicUrl = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`;
});
beforeEach(async () => {
  await server.redis.flushall();
  await database.sql.deleteFrom('release_checks').execute();
  [answer, tickets, takesJobs] = [(body) => body, [], true];
  const { redis } = server;
  checks = new ReleaseChecks({ redis, seals, store, events: new Events() });
  rehearsals = new Rehearsals({ redis, components, store, queue });
  deps = {
    ...{ redis, seals, store, components, codeJobs, events: new Events(), arrivals: new PushArrivals(redis) },
    tickets: {
      current: async () => 'the-ticket',
      view: async () => ({ createdAt, receivedAt: createdAt, expiresAt: createdAt }),
    },
    tokens: { ensure: async () => ({}) as never },
    api: { createPreAuthCode: async () => ({ preAuthCode: 'p' }) as never },
  };
  await announceProcess(redis, {
    ...{ id: 'w', roles: ['worker'], version: '0', format: 1, schemaVersion: 1, startedAt: 0 },
  });
});
afterAll(async () => {
  gateway.close();
  gateway.closeAllConnections();
  await Promise.all([queue.queue.close(), codeJobs.queue.close()]);
  await Promise.all([server.stop(), database.stop()]);
});

async function runCodeJobs(): Promise<void> {
  for (const job of await codeJobs.queue.getJobs(['waiting'])) {
    const unused = {} as never;
    const options = { redis: server.redis, seals, codes: unused, authorizers: unused, calls: unused };
    await useCheckCode(job.data, new AbortController().signal, options);
  }
}

/** The steps of a whole rehearsal, by name. */
async function rehearse(signal = new AbortController().signal) {
  const { id } = await rehearsals.start('wxc', publicUrl);
  await runRehearsal({ id, component: 'wxc', publicUrl }, signal, deps);
  const check = await checks.find(id);
  const steps = Object.fromEntries(check.steps.map(({ name, state, code }) => [name, code ?? state]));
  return { check, steps };
}

it('finds everything in order, except that WeChat does not reach a loopback address', async () => {
  const { check, steps } = await rehearse();
  expect(steps).toEqual({
    address: 'not_public',
    ticket: 'ok',
    ready: 'ok',
    text: 'ok',
    event: 'ok',
    api_text: 'ok',
    configuration: 'skipped',
  });
  expect(check).toMatchObject({ component: 'wxc', kind: 'rehearsal', appid: null, state: 'failed' });
  expect(check.finishedAt).not.toBeNull();
  const [[id, fields]] = (await server.redis.xrange(server.redis.keyspace.pushStream, '-', '+')) as [
    [string, string[]],
  ];
  expect(readEntry(id, fields).content).toMatchObject({ kind: 'notice', type: 'release_check.finished' });
  // Older than the held one, so that it replaces nothing.
  expect(tickets).toEqual([`the-ticket ${createdAt.getTime() / 1_000 - 1}`]);
});

it('names what a proxy does to the answers', async () => {
  answer = () => '<html>';
  expect((await rehearse()).steps).toMatchObject({
    ticket: 'not_success',
    text: 'plain_reply',
    event: 'plain_reply',
    api_text: 'not_empty',
  });
});

it('names what keeps the component from acting', async () => {
  const refusal = (code: string, errcode: number) => new Failure(code, 'operator', 'no', { errcode });
  const ready = async (changes: Partial<RehearsalOptions>) => {
    deps = { ...deps, ...changes };
    return (await rehearse()).steps.ready;
  };
  const refused = (error: Failure) => ({ api: { createPreAuthCode: () => Promise.reject(error) } });
  expect(await ready(refused(refusal('ip_refused', 61004)))).toBe('ip_not_listed');
  expect(await ready({ tokens: { ensure: () => Promise.reject(refusal('secret_refused', 40125)) } })).toBe(
    'wrong_secret',
  );
  expect(await ready({ tokens: { ensure: async () => ({}) as never }, ...refused(refusal('busy', -1)) })).toBe(
    'not_ready',
  );
  expect(await ready({ tickets: { current: async () => undefined, view: async () => undefined } })).toBe('no_ticket');
});

it("names a Token that differs from WeChat's, by the pushes that are refused", async () => {
  await server.redis.hset(server.redis.keyspace.refusedPushes('wxc'), {
    ...{ 'signature:count': '3', 'signature:since': '1', 'signature:lastAt': '2' },
  });
  expect((await rehearse()).steps.ticket).toBe('signature_refused');
});

it('skips the pushes if no connection is possible', async () => {
  const { id } = await rehearsals.start('wxc', publicUrl);
  await runRehearsal({ id, component: 'wxc', publicUrl: 'http://127.0.0.1:9' }, new AbortController().signal, deps);
  const { steps } = await checks.find(id);
  expect(steps.map(({ code, state }) => code ?? state)).toEqual([
    ...['unreachable', 'skipped', 'ok', 'skipped', 'skipped', 'skipped', 'skipped'],
  ]);
});

it('reports the last real check', async () => {
  const at = Date.now();
  const of = { component: 'wxc', appid: 'wxa', code: null, ms: 1, expected: null, got: null } as const;
  const send = { name: 'api_text', state: 'failed', code: 'send_failed' } as const;
  await checks.record([{ ...of, ...send, at, entry: '1-0' }]);
  await checks.record([{ ...of, name: 'unauthorized', state: 'ok', at: at + 1, entry: '2-0' }]);
  expect((await rehearse()).steps.configuration).toBe('last_check_failed');
});

it('is one at a time for each component; a repeated run starts again', async () => {
  const { id } = await rehearsals.start('wxc', publicUrl);
  await expect(rehearsals.start('wxc', publicUrl)).rejects.toMatchObject({ code: 'rehearsal_running' });
  await expect(rehearsals.start('wxother', publicUrl)).rejects.toMatchObject({ code: 'unknown_component' });
  const aborted = AbortSignal.abort();
  expect(await runRehearsal({ id, component: 'wxc', publicUrl }, aborted, deps)).toEqual({ requeue: true });
  await runRehearsal({ id, component: 'wxc', publicUrl }, new AbortController().signal, deps);
  const { steps } = await checks.find(id);
  expect(steps).toHaveLength(7);
  await rehearsals.start('wxc', publicUrl);
});

it('has failed at once if no worker runs', async () => {
  await forgetProcess(server.redis, 'w');
  const check = await rehearsals.start('wxc', publicUrl);
  expect(check).toMatchObject({ state: 'failed' });
  expect(check.steps.filter(({ state }) => state === 'failed')).toMatchObject([
    { name: 'api_text', code: 'no_worker' },
  ]);
  expect(await queue.queue.getJobCountByTypes('waiting')).toBe(0);
});

it('has failed after ninety seconds if its worker died', async () => {
  const startedAt = new Date(Date.now() - 90_000);
  const log = { state: 'running', reports: [], finishedAt: null } as const;
  await store.insert({ id: 'rc_silent', component: 'wxc', kind: 'rehearsal', appid: null, startedAt, ...log });
  expect(await checks.find('rc_silent')).toMatchObject({ state: 'failed', finishedAt: expect.any(Date) });
  // It does not keep another one from running.
  await rehearsals.start('wxc', publicUrl);
  await runRehearsal({ id: 'rc_silent', component: 'wxc', publicUrl }, new AbortController().signal, deps);
  expect((await store.find('rc_silent'))?.state).toBe('failed');
});

it('shows what only the console of WeChat has', () => {
  const shown = rehearsals.consoleSettings('wxc', 'https://p.example.com');
  expect(shown.map(({ name, value, isSecret }) => [name, value, isSecret])).toEqual([
    ['event_url', 'https://p.example.com/wechat/wxc/events', false],
    ['message_url', 'https://p.example.com/wechat/wxc/messages/$APPID$', false],
    ['token', 'aToken', true],
    ['encoding_aes_key', 'a'.repeat(43), true],
    ['ip_list', null, false],
    ['permission_sets', '1, 19', false],
  ]);
});
