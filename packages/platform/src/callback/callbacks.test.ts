import { randomBytes } from 'node:crypto';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { until } from '../../test/until.ts';
import type { CallRequest } from '../call/call.ts';
import { type CallId, newCallId } from '../call/call-id.ts';
import { CallStore } from '../call/call-store.ts';
import { type EventPayloads, Events } from '../events.ts';
import { Seals } from '../sealing/seals.ts';
import { OutboundSender } from '../webhook/outbound-sender.ts';
import { CallbackSigner } from '../webhook/webhook-signer.ts';
import { CallbackSender } from './callback-sender.ts';
import { Callbacks, type HandleOf } from './callbacks.ts';

let published: EventPayloads['callback'][];
const RUN = { slots: 50, tries: 1 };
const never = new AbortController().signal;

let server: TestRedis;
let store: CallStore;
let callbacks: Callbacks;
let callbacksBy: (sender: OutboundSender) => Callbacks;
const outbound = new OutboundSender({ deliveryNets: ['127.0.0.0/8'] });
/** What the receiver received, and the status with which it answers. */
let received: { id: string; body: { data: { response: unknown; failure: unknown; id: string; handle: unknown } } }[];
let status: number;
let handleOf: HandleOf;
const receiver = http.createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    received.push({ id: String(request.headers['webhook-id']), body: JSON.parse(Buffer.concat(chunks).toString()) });
    response.writeHead(status).end();
  });
});
/** Accepts connections and never answers. */
const deafSockets = new Set<net.Socket>();
const deaf = net.createServer((socket) => {
  deafSockets.add(socket);
  socket.on('error', () => {});
});
const urlOf = (listening: net.Server) => `http://127.0.0.1:${(listening.address() as AddressInfo).port}/hook`;

beforeAll(async () => {
  server = await startRedis();
  for (const one of [receiver, deaf]) await new Promise<void>((done) => one.listen(0, '127.0.0.1', done));
});
afterAll(async () => {
  await outbound.close();
  receiver.closeAllConnections();
  receiver.close();
  for (const socket of deafSockets) socket.destroy();
  deaf.close();
  await server.stop();
});
beforeEach(async () => {
  await server.redis.flushall();
  const seals = new Seals([randomBytes(32)]);
  store = new CallStore(server.redis, seals);
  const events = new Events();
  published = [];
  events.subscribe('callback', (event) => published.push(event));
  callbacksBy = (sender) =>
    new Callbacks({
      store,
      signer: new CallbackSigner([randomBytes(32)]),
      queue: undefined as never,
      sender: new CallbackSender(sender),
      handleOf: (component, appid) => handleOf(component, appid),
      events,
    });
  callbacks = callbacksBy(outbound);
  received = [];
  status = 204;
  handleOf = async () => undefined;
});

async function settled(callbackUrl: string, body: Buffer, contentType = 'application/json'): Promise<CallId> {
  const call = newCallId('wxc', 'wxa');
  const request: CallRequest = {
    appid: 'wxa',
    method: 'GET',
    path: '/cgi-bin/media/get',
    query: [],
    waitMs: 0,
    departWithinMs: 60_000,
    callbackUrl,
  };
  await store.create(call, request, 'gateway');
  await store.settle(call, 'run', {
    state: 'completed',
    response: { status: 200, headers: { 'content-type': contentType }, body },
  });
  return call;
}

it('includes a small answer', async () => {
  const call = await settled(urlOf(receiver), Buffer.from('{"errcode":0}'));
  expect(await callbacks.deliver(call.id, RUN, never)).toEqual({ outcome: 'delivered', status: 204 });
  expect(published).toEqual([{ call: call.id, outcome: 'delivered', status: 204, tries: 1, ms: expect.any(Number) }]);
  expect(received[0]!.body.data.response).toEqual({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: { errcode: 0 },
  });
});

it('names the account by its handle, and is not delayed where that cannot be read', async () => {
  handleOf = async (component, appid) => `handle of ${component}/${appid}`;
  const delivered = async () => {
    const call = await settled(urlOf(receiver), Buffer.from('{}'));
    await callbacks.deliver(call.id, RUN, never);
    return received.at(-1)!.body.data.handle;
  };
  expect(await delivered()).toBe('handle of wxc/wxa');
  handleOf = () => Promise.reject(new Error('the database is unreachable'));
  expect(await delivered()).toBeNull();
});

it('omits a large answer and states its size, because fifty of them at once would fill the memory', async () => {
  const call = await settled(urlOf(receiver), Buffer.alloc(1024 * 1024, 1), 'image/png');
  expect(await callbacks.deliver(call.id, RUN, never)).toMatchObject({ outcome: 'delivered' });
  expect(received[0]!.body.data).toMatchObject({
    id: call.id,
    state: 'completed',
    response: {
      status: 200,
      headers: { 'content-type': 'image/png' },
      body: null,
      bodyOmitted: true,
      bodyBytes: expect.any(Number),
    },
  });
  expect(JSON.stringify(received[0]!.body).length).toBeLessThan(4_096);
  // It can still be read.
  expect((await store.find(call))?.response?.body).toHaveLength(1024 * 1024);
});

it('reports that WeChat answered if the answer is no longer kept', async () => {
  const call = await settled(urlOf(receiver), Buffer.alloc(1024 * 1024, 1), 'image/png');
  await server.redis.del(`wx:{wxc:wxa}:call:${call.id}:result`);
  expect(await callbacks.deliver(call.id, RUN, never)).toMatchObject({ outcome: 'delivered' });
  expect(received[0]!.body.data).toMatchObject({
    state: 'completed',
    response: null,
    responseKept: false,
    failure: null,
  });
});

it('postpones callbacks of a receiver that does not answer, and delivers those of others meanwhile', async () => {
  const shutdown = new AbortController();
  const calls = await Promise.all(Array.from({ length: 20 }, () => settled(urlOf(deaf), Buffer.from('{}'))));
  const deliveries = calls.map(({ id }) => callbacks.deliver(id, RUN, shutdown.signal));
  const postponed: unknown[] = [];
  for (const one of deliveries) void one.then((outcome) => postponed.push(outcome));
  await until('the callbacks beyond the slots of their receiver are postponed', () => postponed.length === 16);
  expect(postponed).toEqual(postponed.map(() => ({ outcome: 'postponed', afterMs: expect.any(Number) })));

  const other = await settled(urlOf(receiver), Buffer.from('{}'));
  expect(await callbacks.deliver(other.id, RUN, never)).toMatchObject({ outcome: 'delivered' });

  shutdown.abort();
  expect((await Promise.all(deliveries)).filter(({ outcome }) => outcome === 'aborted')).toHaveLength(4);
  // A delivery that this process aborted says nothing about the receiver.
  const again = callbacks.deliver(calls[0]!.id, RUN, AbortSignal.abort());
  expect(await again).toEqual({ outcome: 'aborted' });
});

it('opens the circuit of a receiver that accepts no connection, and keeps the identity of its callbacks', async () => {
  // No process listens there, whereas the port of a closed server may be another test's at once.
  const call = await settled('http://127.0.0.1:1/hook', Buffer.from('{}'));
  for (let i = 0; i < 4; i++) {
    await expect(callbacks.deliver(call.id, RUN, never)).rejects.toMatchObject({ code: 'callback_failed' });
  }
  expect(await callbacks.deliver(call.id, RUN, never)).toMatchObject({ outcome: 'postponed' });
});

it.each([
  [500, 'rejected'],
  [302, 'rejected'],
  [410, 'refused'],
])('treats HTTP %i by its meaning, and the receiver as one that answers', async (code, expected) => {
  status = code;
  const call = await settled(urlOf(receiver), Buffer.from('{}'));
  for (let i = 0; i < 6; i++) {
    const deliveries = await callbacks.deliver(call.id, RUN, never).then(
      ({ outcome }) => outcome,
      () => 'rejected',
    );
    expect(deliveries).toBe(expected);
  }
  // At least once, each time under the same identity.
  expect(new Set(received.map(({ id }) => id)).size).toBe(1);
});

it('is not delivered to an address that is not allowed, and says so without the address', async () => {
  const strict = new OutboundSender({ deliveryNets: [] });
  const call = await settled(`${urlOf(receiver)}?key=1`, Buffer.from('{}'));
  const delivery = callbacksBy(strict).deliver(call.id, RUN, never);
  await expect(delivery).rejects.toMatchObject({
    code: 'callback_failed',
    message: expect.stringMatching(/^(?!.*(?:127|key)).*not allowed \(DELIVERY_NETS\)/),
  });
  expect(received).toEqual([]);
  await strict.close();
});

it('has nothing to deliver for a call whose record is gone', async () => {
  const { id } = newCallId('wxc', 'wxa');
  expect(await callbacks.deliver(id, RUN, never)).toEqual({ outcome: 'gone' });
});
