import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openEnvelope, readEncodingAesKey, readEnvelope, readXml } from '@wxthirdparty/wechat';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { databases, startDatabase, type TestDatabase } from '../../test/database.ts';
import { Seals } from '../sealing/seals.ts';
import { newSecrets } from '../subscription/secrets.ts';
import type { Subscription } from '../subscription/subscription.ts';
import { SubscriptionStore } from '../subscription/subscription-store.ts';
import { OutboundSender } from '../webhook/outbound-sender.ts';
import { ComponentTickets } from './component-tickets.ts';

const component = 'wx00000000000000aa';
const never = new AbortController().signal;
const secrets = newSecrets('wechat-component', { token: 'Token', encodingAesKey: null });
const keys = {
  appid: component,
  keys: [{ token: 'Token', aesKey: readEncodingAesKey(secrets.wechat!.encodingAesKey) }],
};

/** A program for third-party platforms: the tickets that it received. */
let program: Server;
let status: number;
let tickets: string[];
let sender: OutboundSender;
beforeAll(async () => {
  program = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const query = Object.fromEntries(new URL(request.url!, 'http://x').searchParams);
      const push = readXml(openEnvelope(keys, readEnvelope(query, Buffer.concat(pieces))).xml);
      tickets.push(String(push.ComponentVerifyTicket));
      response.writeHead(status).end('success');
    });
  });
  await new Promise<void>((resolve) => program.listen(0, '127.0.0.1', resolve));
  sender = new OutboundSender({ deliveryNets: ['127.0.0.0/8'] });
});
afterAll(async () => {
  await sender.close();
  program.closeAllConnections();
  await new Promise((resolve) => program.close(resolve));
});

describe.each(databases)('tickets on %s', (kind) => {
  let database: TestDatabase;
  let store: SubscriptionStore;
  let sent: ComponentTickets;
  let woken: string[];
  let now: number;
  beforeAll(async () => {
    database = await startDatabase(kind);
    store = new SubscriptionStore(database.sql, new Seals([randomBytes(32)]));
    const due = {
      wake: async (ids: readonly string[]) => {
        woken.push(...ids);
      },
    };
    sent = new ComponentTickets({ sql: database.sql, sender, due, now: () => now });
  });
  afterAll(() => database.stop());
  beforeEach(async () => {
    [status, tickets, woken] = [200, [], []];
    // After every creation.
    now = Date.now() + 3_600_000;
    await database.sql.deleteFrom('subscriptions').execute();
  });

  const create = (format: Subscription['format'] = 'wechat-component', of = component) =>
    store.create(
      {
        name: 'old program',
        url: `http://127.0.0.1:${(program.address() as AddressInfo).port}/event`,
        messageUrl: 'http://127.0.0.1/$APPID$',
        format,
        mode: null,
        component: format === 'wechat-component' ? of : null,
        filter: {},
        reply: null,
        maxInFlight: 10,
        timeoutMs: 15_000,
        giveUpAfterMs: null,
        secrets,
      },
      { id: 'key', address: '::1', requestId: 'r' },
    );
  const find = async (id: string) => (await store.find(id))!;
  /** As if its time had come. */
  const makeDue = async (id: string) => {
    await database.sql.updateTable('subscriptions').set({ ticket_at: 1 }).where('id', '=', id).execute();
    return find(id);
  };
  const secondsUntil = (next: Date | null) => (next!.getTime() - now) / 1_000;

  it('are sent right after creation, and again after ten minutes; both workers that run by accident agree', async () => {
    const created = await create();
    const next = await sent.sendIfDue(created, never);
    expect(tickets).toEqual([expect.stringMatching(/^ticket@@@wxthirdparty-[\w-]{40}$/)]);
    const subscription = await find(created.id);
    expect(subscription).toMatchObject({ ticketAt: next, lastTicket: { status: 200, code: null } });
    expect(secondsUntil(next)).toBe(600);
    expect(await sent.sendIfDue(subscription, never)).toEqual(next);
    expect(tickets).toHaveLength(1);
    // The other worker read the subscription before.
    await sent.sendIfDue(created, never);
    expect(await find(created.id)).toEqual(subscription);
  });

  it('that failed are repeated after 5 s and 30 s, then the next one follows in its turn; the circuit does not count them', async () => {
    status = 500;
    const { id } = await create();
    const waits: number[] = [];
    for (let round = 0; round < 4; round++) {
      const next = await sent.sendIfDue(await makeDue(id), never);
      const { lastTicket, ticketAt, ...subscription } = await find(id);
      expect(subscription).toMatchObject({ state: 'active', failures: 0, lastFailure: null });
      expect(lastTicket).toMatchObject({ status: 500, code: 'status' });
      expect(ticketAt).toEqual(next);
      waits.push(secondsUntil(next));
    }
    expect(waits).toEqual([5, 30, 600, 5]);
    status = 200;
    await sent.sendIfDue(await makeDue(id), never);
    expect((await find(id)).lastTicket).toMatchObject({ status: 200, code: null, failures: 0 });
  });

  it('are requested for the active programs of one component, also while one is being sent', async () => {
    const [one, paused] = [await create(), await create()];
    await create('wechat-component', 'wxother');
    const ordinary = await create('json');
    await database.sql.updateTable('subscriptions').set({ state: 'paused' }).where('id', '=', paused.id).execute();
    await sent.sendIfDue(one, never);
    const before = await find(one.id);
    const dueAgain = await makeDue(one.id);
    await sent.request(component);
    expect(woken).toEqual([one.id]);
    // A ticket that was due before the request was being sent: the requested one still follows.
    expect((await sent.sendIfDue(dueAgain, never))!.getTime()).toBeLessThanOrEqual(now);
    expect(await find(one.id)).toMatchObject({ lastTicket: before.lastTicket });
    await sent.sendIfDue(await find(one.id), never);
    expect(tickets).toHaveLength(3);
    expect(await sent.sendIfDue(await find(ordinary.id), never)).toBeNull();
  });

  it('that a shutdown aborts are due as before', async () => {
    const created = await create();
    await sent.sendIfDue(created, AbortSignal.abort());
    expect(await find(created.id)).toEqual(created);
  });
});
