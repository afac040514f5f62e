import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Delivered, DeliveryEndpoint } from './support/delivery-endpoint.ts';
import { Deployment, SERVICE_ACCOUNT } from './support/deployment.ts';
import { expectAccepted, type PushAnswer } from './support/push-answers.ts';
import { until } from './support/until.ts';

interface Subscription {
  readonly id: string;
  readonly state: string;
  readonly reason: string | null;
  readonly behindSince: string | null;
  readonly lastFailure: { readonly code: string; readonly status: number | null } | null;
  readonly backlog: { readonly pending: number };
}

interface Delivery {
  readonly push: string;
  readonly state: string;
  readonly attemptCount: number;
  readonly status: number | null;
  readonly code: string | null;
  readonly attempts: readonly { readonly number: number; readonly status: number; readonly code: string }[];
}

interface Replay {
  readonly id: string;
  readonly state: string;
  readonly matched: number;
}

let deployment: Deployment;
let endpoint: DeliveryEndpoint;
const opened: DeliveryEndpoint[] = [];
beforeAll(async () => {
  deployment = await Deployment.open({ gateways: 1, workers: 2 });
  await deployment.authorized(SERVICE_ACCOUNT);
  endpoint = await openEndpoint();
});
afterAll(async () => {
  for (const one of opened) await one.close();
  await deployment?.close();
});

it('an endpoint that is down delays only its own deliveries; when it is back, all arrive, never too many at once', async () => {
  const down = await openEndpoint();
  const [failing, other] = [
    await subscribe(down.url('down'), { maxInFlight: 3 }),
    await subscribe(endpoint.url('other')),
  ];
  await down.goDown();
  await push(60, 'first');
  await until('it is failing', async () => (await find(failing)).state === 'failing');
  expect((await find(failing)).lastFailure).toMatchObject({ code: 'no_connection', status: null });
  await until('the other has all', () => endpoint.ids('other').length === 60);

  await down.comeBack();
  // The pauses between probes and attempts grow with the time that it was down, which is long on a busy machine.
  await until('it has all', () => down.ids().length === 60, 560_000);
  await until('it is active', async () => (await find(failing)).state === 'active');
  // A worker that stalls on a busy machine loses its batch, and may still send beside the one that has taken it over.
  if (withoutRepetitions(down.received).length === down.received.length) expect(down.mostOpen).toBeLessThanOrEqual(3);
  for (const one of [failing, other]) await nothingIsPending(one);
  await remove(failing, other);
});

it('a push that is always refused is repeated while the others flow; a retry by request delivers it', async () => {
  let refused: string | undefined;
  const one = await subscribe(endpoint.url('refusing'), { filter: { where: { Content: { prefix: 'refused' } } } });
  endpoint.answer = ({ id, body, path }) => {
    if (path === '/refusing' && body.includes('refused for ever')) refused = id;
    return refused === id ? 500 : 204;
  };
  await push(1, 'refused for ever');
  await push(30, 'refused not');
  await until('the others are delivered', () => endpoint.ids('refusing').length === 31);
  await until('it was repeated', () => endpoint.received.filter(({ id }) => id === refused).length >= 2);
  const path = `/v1/subscriptions/${one.id}/deliveries/${refused}`;
  const delivery = () => get<Delivery>(path);
  const pending = await until('the attempt is stored', async () => {
    const found = await delivery();
    return found.attemptCount >= 2 && found;
  });
  expect(pending).toMatchObject({ state: 'pending', status: 500, code: 'status' });
  expect(pending.attempts.map(({ number, status, code }) => [number, status, code]).slice(0, 2)).toEqual([
    [1, 500, 'status'],
    [2, 500, 'status'],
  ]);
  expect((await find(one)).state).toBe('active');

  // A worker that stalls on a busy machine loses its batch, and another one makes the same attempt again.
  const repeated = endpoint.received.filter(({ id }) => id === refused).map(({ headers }) => headers['wx-attempt']);
  expect([...new Set(repeated)].slice(0, 2)).toEqual(['1', '2']);
  endpoint.answer = () => 204;
  expect((await deployment.api('POST', `${path}/retry`)).status).toBe(202);
  await until('it is delivered', async () => (await delivery()).state === 'delivered');
  await remove(one);
});

it('410 pauses a subscription, which is reported; a resume replays exactly what was missed', async () => {
  const gone = await openEndpoint(({ body }) => (body.includes('the last one') ? 410 : 204));
  const one = await subscribe(gone.url('gone'), { filter: { types: ['message.text'] } });
  const watcher = await subscribe(endpoint.url('watcher'), { filter: { types: ['subscription.*'] } });
  await push(3, 'before');
  await until('they are delivered', () => gone.ids().length === 3);
  await push(1, 'the last one');
  const paused = await until('it is paused', async () => {
    const found = await find(one);
    return found.state === 'paused' && found;
  });
  expect(paused).toMatchObject({ reason: 'gone', behindSince: expect.any(String) });
  const notice = await until('the notice arrives', () =>
    endpoint.received.find(({ path, body }) => path === '/watcher' && body.includes(one.id)),
  );
  expect(JSON.parse(notice.body)).toMatchObject({
    type: 'subscription.paused',
    data: { subscription: one.id, reason: 'gone', failingSince: null },
  });
  const logged = () => deployment.workers.flatMap((worker) => worker.lines());
  await until('it is logged', () => logged().some((line) => line.subscription === one.id && line.reason === 'gone'));
  const counts = await until('it is counted', async () => {
    const { body } = await deployment.api<{ subscriptions: { paused: number } }>('GET', '/v1/status');
    return body.subscriptions.paused === 1 && body.subscriptions;
  });
  expect(counts.paused).toBe(1);

  const before = gone.received.length;
  await push(20, 'meanwhile');
  await until('they are journaled', async () => (await countPushes('meanwhile')) === 20);
  expect(gone.received.filter((received) => contentOf(received).startsWith('meanwhile'))).toEqual([]);

  gone.answer = () => 204;
  const resuming = deployment.api<{ subscription: Subscription; replay: string }>(
    'POST',
    `/v1/subscriptions/${one.id}/resume`,
  );
  // Accepted while it is resumed.
  await Promise.all([resuming, push(10, 'during')]);
  const { body } = await resuming;
  expect(body).toMatchObject({ subscription: { state: 'active', reason: null, behindSince: null } });
  await until(
    'the replay has ended',
    async () => (await get<Replay>(`/v1/replays/${body.replay}`)).state === 'completed',
  );
  await nothingIsPending(one);
  const delivered = withoutRepetitions(gone.received.slice(before));
  const contents = delivered.map(contentOf);
  expect(new Set(contents.filter((content) => content.startsWith('meanwhile'))).size).toBe(20);
  expect(new Set(contents.filter((content) => content.startsWith('during'))).size).toBe(10);
  // Nothing that had been delivered is delivered again, and nothing twice.
  const replayed = delivered.filter(({ headers }) => headers['wx-replay'] !== undefined).map(contentOf);
  expect(replayed.filter((content) => content.startsWith('before'))).toEqual([]);
  expect(new Set(contents).size).toBe(contents.length);
  await remove(one, watcher);
});

it('of many pushes none is missing although workers are killed, and a replay of them survives a kill, too', async () => {
  const one = await subscribe(endpoint.url('all'));
  for (let kill = 0; kill < 5; kill++) {
    const pushes = push(100, `part ${kill}`);
    await killWorker();
    await pushes;
  }
  await until('all have arrived', () => endpoint.ids('all').length === 500);
  await nothingIsPending(one);

  const since = new Date(Date.now() - 60 * 60_000).toISOString();
  const before = endpoint.received.length;
  const { status, body } = await deployment.api<Replay>('POST', `/v1/subscriptions/${one.id}/replays`, {
    since,
    only: 'all',
  });
  expect(status).toBe(202);
  await until('it has started', () => endpoint.received.length > before);
  await killWorker();
  await push(1, 'live');
  await until('a live push arrives', () => endpoint.received.some((received) => contentOf(received) === 'live 0'));
  await until('the replay has ended', async () => (await get<Replay>(`/v1/replays/${body.id}`)).state === 'completed');
  await nothingIsPending(one);
  const replayed = endpoint.received.slice(before).filter(({ headers }) => headers['wx-replay'] === body.id);
  const parts = new Set(replayed.map(contentOf).filter((content) => content.startsWith('part')));
  expect(parts.size).toBe(500);
  expect((await deployment.api('POST', `/v1/replays/${body.id}/cancel`)).status).toBe(409);

  const named = await subscribe(endpoint.url('named'), { filter: { types: ['event.none'] } });
  const id = endpoint.ids('all')[0]!;
  const alone = await deployment.api('POST', `/v1/pushes/${id}/replay`, { subscriptions: [named.id] });
  expect(alone).toMatchObject({ status: 202, body: { deliveries: [{ subscription: named.id, push: id }] } });
  await until('it reaches the named one', () => endpoint.ids('named').includes(id));
  await remove(one, named);
});

it('a worker that is shut down in the middle of a batch exits cleanly, and another one makes its deliveries', async () => {
  const holding = await openEndpoint(() => 'hold');
  const one = await subscribe(holding.url('held'), { maxInFlight: 5 });
  await push(8, 'held');
  await until('some are in flight', () => holding.ids().length >= 5);
  expect(await Promise.all(deployment.workers.map((worker) => worker.shutDown()))).toEqual([0, 0]);
  holding.release();
  deployment.workers.length = 0;
  const started = deployment.startWorker();
  await started.says('worker ready');
  await until('all are delivered', () => holding.ids().length === 8);
  await nothingIsPending(one);
  // What was aborted was no attempt.
  expect(new Set(holding.received.map(({ headers }) => headers['wx-attempt']))).toEqual(new Set(['1']));
  await remove(one);
});

async function openEndpoint(answer?: Parameters<typeof DeliveryEndpoint.open>[0]): Promise<DeliveryEndpoint> {
  const one = await DeliveryEndpoint.open(answer);
  opened.push(one);
  return one;
}

async function subscribe(url: string, input: object = {}): Promise<Subscription> {
  const { status, body } = await deployment.api<Subscription>('POST', '/v1/subscriptions', {
    name: 'test',
    url,
    // The notice of the account's consent may be journaled after the subscription was created.
    filter: { types: ['message.text'] },
    // An endpoint of a busy machine may be slow.
    timeoutMs: 30_000,
    ...input,
  });
  expect(status).toBe(201);
  return body;
}

async function get<T>(path: string): Promise<T> {
  const { status, body } = await deployment.api<T>('GET', path);
  expect(status).toBe(200);
  return body;
}

function find({ id }: Pick<Subscription, 'id'>): Promise<Subscription> {
  return get<Subscription>(`/v1/subscriptions/${id}`);
}

/** If it takes too long, the error says in which state the subscription is. */
async function nothingIsPending(one: Pick<Subscription, 'id'>): Promise<void> {
  await until('nothing is pending', async () => {
    const { backlog, state, lastFailure } = await find(one);
    if (backlog.pending === 0) return true;
    throw new Error(`${backlog.pending} pending, ${state}, ${JSON.stringify(lastFailure)}`);
  });
}

async function remove(...subscriptions: readonly Pick<Subscription, 'id'>[]): Promise<void> {
  const headers = { authorization: `Bearer ${deployment.apiKey}` };
  for (const { id } of subscriptions) {
    const answer = await fetch(`${deployment.gatewayUrl()}/v1/subscriptions/${id}`, { method: 'DELETE', headers });
    expect(answer.status).toBe(204);
  }
}

/** At least once: of a batch that is lost, another worker makes the same attempts again. */
function withoutRepetitions(received: readonly Delivered[]): Delivered[] {
  const attempts = received.map(
    (one) => [`${one.id} ${one.headers['wx-attempt']} ${one.headers['wx-replay']}`, one] as const,
  );
  return [...new Map(attempts.toReversed()).values()].toReversed();
}

/** Texts `name 0`, `name 1` …, all accepted. */
async function push(count: number, name: string): Promise<void> {
  const one = async (i: number) => {
    const fields = { MsgType: 'text', Content: `${name} ${i}` };
    const what = { url: 'messages', appid: SERVICE_ACCOUNT, fields };
    const { deliveries } = await deployment.wechat.control<{ deliveries: PushAnswer[] }>('POST', '/push', what);
    expectAccepted(deliveries);
  };
  await Promise.all(Array.from({ length: count }, (_, i) => one(i)));
}

function contentOf({ body }: { readonly body: string }): string {
  const { data } = JSON.parse(body) as { data: { fields?: { Content?: string } } };
  return data.fields?.Content ?? '';
}

/** Pushes in the journal whose content starts with this. */
async function countPushes(name: string): Promise<number> {
  const { items } = await get<{ items: { id: string }[] }>(`/v1/pushes?appid=${SERVICE_ACCOUNT}&limit=100`);
  const contents = await Promise.all(
    items.map(async ({ id }) => contentOf({ body: JSON.stringify(await get<{ data: unknown }>(`/v1/pushes/${id}`)) })),
  );
  return contents.filter((content) => content.startsWith(name)).length;
}

/** A worker dies without a word, and another one takes its place. */
async function killWorker(): Promise<void> {
  const victim = deployment.workers.shift()!;
  await victim.kill();
  await deployment.startWorker().says('worker ready');
}
