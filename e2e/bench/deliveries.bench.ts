import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'undici';
import { BulkThread } from '../../packages/platform/src/database/bulk-thread.ts';
import type { Sql } from '../../packages/platform/src/database/open.ts';
import type { RunParts } from '../../packages/platform/src/delivery/batch-run.ts';
import { Circuits } from '../../packages/platform/src/delivery/circuits.ts';
import { DeliveryBatches } from '../../packages/platform/src/delivery/delivery-batch.ts';
import { DeliveryBatchJob } from '../../packages/platform/src/delivery/delivery-job.ts';
import { deliveryRow, insertDeliveries } from '../../packages/platform/src/delivery/delivery-rows.ts';
import { DeliveryStore } from '../../packages/platform/src/delivery/delivery-store.ts';
import { DueSubscriptions } from '../../packages/platform/src/delivery/due-subscriptions.ts';
import { VirtualCodes } from '../../packages/platform/src/delivery/format/virtual-code.ts';
import { SettleBatch } from '../../packages/platform/src/delivery/settle-batch.ts';
import { SubscriptionPauses } from '../../packages/platform/src/delivery/subscription-pauses.ts';
import { Events } from '../../packages/platform/src/events.ts';
import type { NewPush } from '../../packages/platform/src/journal/journaled-push.ts';
import { Persons } from '../../packages/platform/src/journal/person.ts';
import { pushIdOf } from '../../packages/platform/src/journal/push-id.ts';
import { insertPushes } from '../../packages/platform/src/journal/push-row.ts';
import { pushPlace } from '../../packages/platform/src/journal/stream-entry.ts';
import { openQueue } from '../../packages/platform/src/queue/queues.ts';
import { connectRedis } from '../../packages/platform/src/redis/connect.ts';
import { DEFAULT_REDIS_PREFIX } from '../../packages/platform/src/redis/keys.ts';
import { Scope } from '../../packages/platform/src/scope.ts';
import { Seals } from '../../packages/platform/src/sealing/seals.ts';
import { newSecrets } from '../../packages/platform/src/subscription/secrets.ts';
import type { Subscription } from '../../packages/platform/src/subscription/subscription.ts';
import {
  type NewSubscription,
  SubscriptionStore,
} from '../../packages/platform/src/subscription/subscription-store.ts';
import { OutboundSender } from '../../packages/platform/src/webhook/outbound-sender.ts';
import { RedisServer } from '../support/redis.ts';
import { BareServer } from './bare-server.ts';
import type { Bench, Figures, Round } from './bench.ts';
import { openMigrated } from './open-migrated.ts';

const DELIVERIES = 4_000;
const MANY = 10;
const MAX_IN_FLIGHT = 50;
const ROUNDS = 5;
const COMPONENT = 'wx00000000000000c0';
/** Of a text message. */
const PUSH_BYTES = 450;

const one: Bench = {
  name: 'deliveries of one subscription',
  measured: `${DELIVERIES} deliveries to an endpoint that answers after 5 ms, ${MAX_IN_FLIGHT} at once, read from SQLite and settled there`,
  against: 'the same requests by undici alone, unsigned',
  guide: { atMost: 2 },
  run: () => inDeployment((deployment) => measureOne(deployment)),
};

const many: Bench = {
  name: 'deliveries of ten subscriptions',
  measured: `${DELIVERIES} deliveries of ten subscriptions, processor time of this process`,
  against: `${DELIVERIES} deliveries of one`,
  guide: { atMost: 1.2 },
  run: () => inDeployment((deployment) => measureMany(deployment)),
};

export default [one, many];

async function measureOne(deployment: SendingDeployment): Promise<Figures> {
  const [subscription] = await deployment.subscribe(1);
  const rounds: Round[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const against = await timed(() => deployment.sendBare());
    await deployment.push([subscription!]);
    const measured = await timed(() => deployment.send([subscription!]));
    if (round > 0) rounds.push({ measured, against });
  }
  return { unit: 'ms', rounds, facts: [await deployment.allDelivered((ROUNDS + 1) * DELIVERIES)] };
}

async function measureMany(deployment: SendingDeployment): Promise<Figures> {
  const subscriptions = await deployment.subscribe(MANY);
  const rounds: Round[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    await deployment.push(subscriptions.slice(0, 1));
    const against = await processorMs(() => deployment.send(subscriptions.slice(0, 1)));
    await deployment.push(subscriptions);
    const measured = await processorMs(() => deployment.send(subscriptions));
    if (round > 0) rounds.push({ measured, against });
  }
  return { unit: 'ms', rounds, facts: [await deployment.allDelivered(2 * (ROUNDS + 1) * DELIVERIES)] };
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

async function processorMs(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

async function inDeployment(work: (deployment: SendingDeployment) => Promise<Figures>): Promise<Figures> {
  await using scope = new Scope();
  return await work(await SendingDeployment.open(scope));
}

/** Everything that sends deliveries, in this process, and an endpoint in another one. */
class SendingDeployment {
  readonly #sql: Sql;
  readonly #writer: BulkThread;
  readonly #seals: Seals;
  readonly #persons: Persons;
  readonly #subscriptions: SubscriptionStore;
  readonly #batches: DeliveryBatches;
  readonly #endpoint: BareServer;
  readonly #bare: Pool;
  #pushes = 0;

  static async open(scope: Scope): Promise<SendingDeployment> {
    const dir = scope.keep('dir', await mkdtemp(join(tmpdir(), 'wxthirdparty-bench-')), (d) =>
      rm(d, { recursive: true, force: true }),
    );
    const server = scope.keep('redis', await RedisServer.start(dir), (r) => r.stop());
    const endpoint = scope.keep('endpoint', await BareServer.start('endpoint'), (e) => e.stop());
    const url = `sqlite:${join(dir, 'deliveries.sqlite')}`;
    const sql = scope.keep('database', await openMigrated(url), (d) => d.destroy());
    const writer = scope.keep('writer', new BulkThread(url), (w) => w.close());
    const settings = { redisUrl: server.url, redisPrefix: DEFAULT_REDIS_PREFIX };
    const redis = scope.keep('connection', connectRedis(settings, 'blocking', 'bench'), (r) => r.disconnect());
    const sender = scope.keep('sender', new OutboundSender({ deliveryNets: ['127.0.0.0/8'] }), (s) => s.close());
    const bare = new Pool(`http://127.0.0.1:${endpoint.port}`, { connections: MAX_IN_FLIGHT });
    scope.keep('bare', bare, (b) => b.close());
    return new SendingDeployment({ sql, writer, redis, sender, endpoint, bare });
  }

  private constructor({
    sql,
    writer,
    redis,
    sender,
    endpoint,
    bare,
  }: {
    sql: Sql;
    writer: BulkThread;
    redis: ReturnType<typeof connectRedis>;
    sender: OutboundSender;
    endpoint: BareServer;
    bare: Pool;
  }) {
    this.#sql = sql;
    this.#writer = writer;
    this.#endpoint = endpoint;
    this.#bare = bare;
    const secretsKeys = [randomBytes(32)];
    const seals = new Seals(secretsKeys);
    this.#seals = seals;
    this.#persons = new Persons(secretsKeys);
    this.#subscriptions = new SubscriptionStore(sql, seals);
    const events = new Events();
    const store = new DeliveryStore(sql, seals);
    const announce = () => Promise.resolve();
    const due = new DueSubscriptions(redis, openQueue(DeliveryBatchJob, redis));
    const parts: RunParts = {
      sql,
      seals,
      events,
      subscriptions: this.#subscriptions,
      store,
      settles: new SettleBatch(writer),
      circuits: new Circuits({ sql, store, events, announce }),
      lateReplies: { enqueue: () => Promise.reject(new Error('no endpoint is asked')) },
      replyTypesOf: () => [],
      retentionMs: 7 * 24 * 60 * 60_000,
      sender,
      codes: new VirtualCodes(secretsKeys),
    };
    const pauses = new SubscriptionPauses({ redis, sql, seals, events, announce, component: COMPONENT });
    const tickets = { sendIfDue: () => Promise.resolve(null) };
    this.#batches = new DeliveryBatches({ ...parts, due, pauses, tickets });
  }

  subscribe(count: number): Promise<Subscription[]> {
    const url = `http://127.0.0.1:${this.#endpoint.port}/wx`;
    const input = {
      ...{ name: 'bench', url, messageUrl: null, format: 'json' as const, mode: null, component: null, filter: {} },
      ...{ reply: null, maxInFlight: MAX_IN_FLIGHT, timeoutMs: 15_000, giveUpAfterMs: null },
      secrets: newSecrets('json', { token: null, encodingAesKey: null }),
    } as const satisfies NewSubscription;
    const by = { id: 'API_KEY', address: null, requestId: null };
    return Promise.all(Array.from({ length: count }, () => this.#subscriptions.create(input, by)));
  }

  /** As many deliveries, spread over the subscriptions. */
  async push(to: readonly Subscription[]): Promise<void> {
    const now = new Date();
    const pushes = Array.from({ length: DELIVERIES }, (): NewPush => {
      const number = ++this.#pushes;
      const id = pushIdOf(Math.floor(now.getTime() / 1_000), String(number).padStart(19, '0'));
      const xml =
        `<xml><ToUserName>gh_1</ToUserName><FromUserName>oPerson</FromUserName><CreateTime>1795874599</CreateTime>` +
        `<MsgType>text</MsgType><MsgId>${number}</MsgId><Content>${'x'.repeat(PUSH_BYTES - 200)}</Content></xml>`;
      return {
        ...{
          component: COMPONENT,
          id,
          appid: 'wx00000000000000a1',
          type: 'message.text',
          note: null,
          openid: 'oPerson',
        },
        ...{ createTime: now, receivedAt: now, seq: now.getTime() * 1_000 + number },
        sealed: this.#seals.sealBytes(Buffer.from(xml), pushPlace(COMPONENT, id)),
      };
    });
    const rows = pushes.map((push, i) => deliveryRow({ subscription: to[i % to.length]!, push, asked: false }, now));
    await this.#writer.write([insertPushes(pushes, this.#persons), insertDeliveries(rows)]);
  }

  async send(subscriptions: readonly Subscription[]): Promise<void> {
    const { signal } = new AbortController();
    await Promise.all(
      subscriptions.map(async ({ id }) => {
        while (await this.#batches.run(id, signal));
      }),
    );
  }

  async sendBare(): Promise<void> {
    const body = JSON.stringify({ type: 'message.text', data: 'x'.repeat(2 * PUSH_BYTES) });
    let sent = 0;
    const lane = async () => {
      while (sent++ < DELIVERIES) {
        const answer = await this.#bare.request({ method: 'POST', path: '/wx', body });
        await answer.body.dump();
      }
    };
    await Promise.all(Array.from({ length: MAX_IN_FLIGHT }, lane));
  }

  async allDelivered(count: number): Promise<Figures['facts'][number]> {
    const delivered = await this.#sql
      .selectFrom('deliveries')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .where('state', '=', 'delivered')
      .where('attempts', '=', 1)
      .executeTakeFirstOrThrow();
    return { what: 'every delivery was made once', holds: Number(delivered.count) === count };
  }
}
