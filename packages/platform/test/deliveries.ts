import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BulkThread } from '../src/database/bulk-thread.ts';
import { repeat } from '../src/database/repeat.ts';
import type { DeliveryRow, PushRow, SubscriptionRow } from '../src/database/schema.ts';
import type { LateReplies, RunParts } from '../src/delivery/batch-run.ts';
import { Circuits } from '../src/delivery/circuits.ts';
import { DeliveryBatches } from '../src/delivery/delivery-batch.ts';
import { DeliveryBatchJob, type DeliveryBatchPayload } from '../src/delivery/delivery-job.ts';
import { deliveryRow, insertDeliveries } from '../src/delivery/delivery-rows.ts';
import { DeliveryStore } from '../src/delivery/delivery-store.ts';
import { DueSubscriptions } from '../src/delivery/due-subscriptions.ts';
import { VirtualCodes } from '../src/delivery/format/virtual-code.ts';
import { ReplayStore } from '../src/delivery/replay-store.ts';
import { SettleBatch } from '../src/delivery/settle-batch.ts';
import { SubscriptionPauses } from '../src/delivery/subscription-pauses.ts';
import { type EventPayloads, Events } from '../src/events.ts';
import { pushIdOf } from '../src/journal/push-id.ts';
import { repliesTo } from '../src/journal/push-types.ts';
import { pushPlace } from '../src/journal/stream-entry.ts';
import type { Actor } from '../src/key/audit.ts';
import { type OpenQueue, openQueue } from '../src/queue/queues.ts';
import { Seals } from '../src/sealing/seals.ts';
import { announceSubscriptionChange } from '../src/subscription/announce-change.ts';
import { newSecrets } from '../src/subscription/secrets.ts';
import type { Subscription } from '../src/subscription/subscription.ts';
import { type NewSubscription, SubscriptionStore } from '../src/subscription/subscription-store.ts';
import { OutboundSender } from '../src/webhook/outbound-sender.ts';
import { type DatabaseKind, startDatabase, type TestDatabase } from './database.ts';
import { startRedis, type TestRedis } from './redis-server.ts';

export const COMPONENT = 'wxcomponent';
export const ACCOUNT = 'wxaccount';
const RETENTION_MS = 7 * 24 * 60 * 60_000;
export const actor: Actor = { id: 'API_KEY', address: null, requestId: null };

export interface ReceivedRequest {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** An endpoint of the business on a port of its own. */
export interface Receiver {
  readonly url: string;
  readonly requests: ReceivedRequest[];
  /** Requests that were open at the same time, at most. */
  readonly mostOpen: number;
  /** How it answers; a promise that never resolves: it does not. */
  answer: (request: ReceivedRequest, number: number) => Answer | Promise<Answer>;
  /** It accepts no more connections. */
  close(): Promise<void>;
}

export async function startReceiver(): Promise<Receiver> {
  const requests: ReceivedRequest[] = [];
  let [open, mostOpen] = [0, 0];
  const server: Server = createServer((request, response) => {
    mostOpen = Math.max(mostOpen, ++open);
    response.once('close', () => open--);
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', async () => {
      const received = { path: request.url!, headers: request.headers, body: Buffer.concat(parts).toString() };
      requests.push(received);
      const { status, headers = {}, body = '' } = await receiver.answer(received, requests.length);
      response.writeHead(status, headers).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const receiver: Receiver = {
    url: `http://127.0.0.1:${port}/wx`,
    requests,
    get mostOpen() {
      return mostOpen;
    },
    answer: () => ({ status: 204 }),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}

/** Everything that sends deliveries, on real servers. */
export class TestDeliveries {
  readonly server: TestRedis;
  readonly database: TestDatabase;
  readonly writer: BulkThread;
  readonly seals = new Seals([randomBytes(32)]);
  readonly events = new Events();
  readonly published: EventPayloads['delivery'][] = [];
  readonly news: EventPayloads['subscription'][] = [];
  readonly late: Parameters<LateReplies['enqueue']>[0][] = [];
  readonly subscriptions: SubscriptionStore;
  readonly store: DeliveryStore;
  readonly replays: ReplayStore;
  readonly settles: SettleBatch;
  readonly circuits: Circuits;
  readonly pauses: SubscriptionPauses;
  readonly queue: OpenQueue<DeliveryBatchPayload>;
  readonly due: DueSubscriptions;
  readonly sender = new OutboundSender({ deliveryNets: ['127.0.0.0/8'] });
  readonly batches: DeliveryBatches;
  #pushes = 0;

  static async start(kind: DatabaseKind): Promise<TestDeliveries> {
    return new TestDeliveries(await startRedis(), await startDatabase(kind));
  }

  constructor(server: TestRedis, database: TestDatabase) {
    this.server = server;
    this.database = database;
    const { redis } = server;
    const { sql } = database;
    const { seals, events } = this;
    events.subscribe('delivery', (event) => this.published.push(event));
    events.subscribe('subscription', (event) => this.news.push(event));
    this.writer = new BulkThread(database.url);
    this.subscriptions = new SubscriptionStore(sql, seals);
    this.store = new DeliveryStore(sql, seals);
    this.replays = new ReplayStore(sql);
    this.settles = new SettleBatch(this.writer);
    const announce = () => announceSubscriptionChange(redis);
    this.circuits = new Circuits({ sql, store: this.store, events, announce });
    this.pauses = new SubscriptionPauses({ redis, sql, seals, events, announce, component: COMPONENT });
    this.queue = openQueue(DeliveryBatchJob, redis);
    this.due = new DueSubscriptions(redis, this.queue);
    const parts: RunParts = {
      sql,
      seals,
      events,
      subscriptions: this.subscriptions,
      store: this.store,
      settles: this.settles,
      circuits: this.circuits,
      lateReplies: { enqueue: async (late) => void this.late.push(late) },
      replyTypesOf: repliesTo,
      retentionMs: RETENTION_MS,
      sender: this.sender,
      codes: new VirtualCodes([randomBytes(32)]),
    };
    const tickets = { sendIfDue: () => Promise.resolve(null) };
    this.batches = new DeliveryBatches({ ...parts, due: this.due, pauses: this.pauses, tickets });
  }

  async clear(): Promise<void> {
    const { sql } = this.database;
    for (const table of ['deliveries', 'pushes', 'subscriptions', 'replays'] as const) {
      await sql.deleteFrom(table).execute();
    }
    await this.server.redis.flushall();
    for (const list of [this.published, this.news, this.late]) list.length = 0;
  }

  async stop(): Promise<void> {
    await this.settles.close();
    await this.queue.queue.close();
    await this.sender.close();
    await this.writer.close();
    await this.database.stop();
    await this.server.stop();
  }

  subscribe(url: string, change: Partial<NewSubscription> = {}): Promise<Subscription> {
    const format = change.format ?? 'json';
    return this.subscriptions.create(
      {
        name: 'orders',
        url,
        messageUrl: null,
        format,
        mode: format === 'wechat' ? 'plain' : null,
        component: null,
        filter: {},
        reply: null,
        maxInFlight: 10,
        timeoutMs: 15_000,
        giveUpAfterMs: null,
        secrets: newSecrets(format, { token: null, encodingAesKey: null }),
        ...change,
      },
      actor,
    );
  }

  /** A journaled text, and its delivery to each of these subscriptions. */
  async push(
    to: readonly Subscription[],
    { content = 'hi', at = new Date(), change = {}, delivery = {} }: PushOptions = {},
  ): Promise<string> {
    const number = ++this.#pushes;
    const id = pushIdOf(Math.floor(at.getTime() / 1_000), String(number).padStart(19, '0'));
    const seconds = Math.floor(at.getTime() / 1_000);
    const xml =
      `<xml><ToUserName>gh_1</ToUserName><FromUserName>oPerson${number}</FromUserName><CreateTime>${seconds}</CreateTime>` +
      `<MsgType>text</MsgType><Content>${content}</Content><MsgId>${number}</MsgId></xml>`;
    const row: PushRow = {
      component: COMPONENT,
      id,
      appid: ACCOUNT,
      type: 'message.text',
      note: null,
      person: null,
      create_time: seconds * 1_000,
      received_at: at.getTime(),
      seq: at.getTime() * 1_000 + (number % 1_000),
      replied: null,
      sealed: this.seals.sealBytes(Buffer.from(xml), pushPlace(COMPONENT, id)),
      ...change,
    };
    await this.database.sql.insertInto('pushes').values(row).execute();
    const push = { ...row, seq: Number(row.seq), receivedAt: at };
    const rows = to.map((subscription) => ({
      ...deliveryRow({ subscription, push, asked: false }, at),
      ...delivery,
    }));
    // As the product does: on a slow disk a statement may wait too long for the lock of an SQLite file.
    await repeat(() => this.writer.write([insertDeliveries(rows)]));
    return id;
  }

  /** Batches of this subscription, until one says when the next is due. */
  async run({ id }: { readonly id: string }, signal: AbortSignal = new AbortController().signal): Promise<void> {
    while (await this.batches.run(id, signal)) if (signal.aborted) return;
  }

  async row(subscription: string, push: string): Promise<DeliveryRow> {
    return this.database.sql
      .selectFrom('deliveries')
      .selectAll()
      .where('subscription', '=', subscription)
      .where('push', '=', push)
      .executeTakeFirstOrThrow();
  }

  /** Changes rows as time would. */
  async changeDeliveries(set: Partial<DeliveryRow>): Promise<void> {
    await this.database.sql.updateTable('deliveries').set(set).where('pending_at', 'is not', null).execute();
  }

  async changeSubscription({ id }: { readonly id: string }, set: Partial<SubscriptionRow>): Promise<void> {
    await this.database.sql.updateTable('subscriptions').set(set).where('id', '=', id).execute();
  }

  async state({ id }: { readonly id: string }): Promise<Subscription> {
    const found = await this.subscriptions.find(id);
    if (!found) throw new Error(`There is no subscription ${id}.`);
    return found;
  }
}

interface PushOptions {
  readonly content?: string;
  readonly at?: Date;
  readonly change?: Partial<PushRow>;
  readonly delivery?: Partial<DeliveryRow>;
}
