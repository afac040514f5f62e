import { afterAll, beforeAll, expect, it } from 'vitest';
import { handledPushes, pushDeliveries, settleAll } from './support/accounting.ts';
import { Deployment, SERVICE_ACCOUNT } from './support/deployment.ts';
import { arrivals, Load, outcomeOf, Pushing } from './support/load.ts';
import { until } from './support/until.ts';

const OUTAGES = 4;
/** Of one process, in one outage or, if it lasts longer, in one minute of it; hundreds of operations fail. */
const MAX_LINES_OF_OUTAGE = 20;
const MINUTE_MS = 60_000;
const FOLLOWERS = { method: 'GET', path: '/cgi-bin/user/get' };

let deployment: Deployment;
beforeAll(async () => {
  deployment = await Deployment.open({ gateways: 2, workers: 2 });
  await deployment.authorized();
  await acceptedMeansOnDisk();
  // WeChat tries three times; this simulated one tries until a gateway accepts, so that every push is delivered.
  await deployment.wechat.control('POST', '/options', { deliveries: 100_000, redeliveryMs: 250 });
});
afterAll(() => deployment.close());

it('Redis dies and comes back under load: everything accepted is accounted for, nothing is sent twice', async () => {
  const startedAt = performance.now();
  const load = await Load.start(deployment, 8);
  const pushing = new Pushing(deployment, 3);
  await until('calls and pushes flow', () => load.accepted.length > 100 && pushing.msgIds.length > 20);

  // More than once: each time Redis dies at another point of the work.
  for (let outage = 0; outage < OUTAGES; outage++) await killAndRestart(load);
  await Promise.all([load.stop(), pushing.stop()]);

  // A refused caller received a clear refusal soon; a caller that was not refused has an id.
  expect(load.asked.filter(({ status }) => ![200, 202, 503].includes(status))).toEqual([]);
  for (const { status, retryAfter, body } of load.refused) {
    expect({ status, code: body.code }).toEqual({ status: 503, code: 'redis_unreachable' });
    expect(Number(retryAfter)).toBeGreaterThan(0);
  }

  const arrived = await settleAll(deployment, load);
  expect(load.refused.some(({ kind }) => kind === 'send')).toBe(true);
  for (const { content } of load.refused) expect(arrived.get(content) ?? 0, `${content} was refused`).toBe(0);

  // Every push was accepted in the end, however often it was refused before. It has one job, which may run again where
  // its lock ended before Redis was back, or before a busy machine renewed it; a second job has another time of receipt.
  const all = await pushDeliveries(deployment);
  const accepted = new Set(all.filter((d) => d.status === 200 && d.body === 'success').map((d) => d.msgId));
  expect([...pushing.msgIds].sort()).toEqual([...accepted].sort());
  await until('every accepted push is handled', () => handledPushes(deployment.workers).size >= accepted.size);
  expect(handledPushes(deployment.workers).size).toBe(accepted.size);
  for (const child of [...deployment.gateways, ...deployment.workers]) expect(child.running).toBe(true);
  const minutes = Math.floor((performance.now() - startedAt) / MINUTE_MS);
  for (const worker of deployment.workers) {
    // One line for each kind of error and outage, however many queues and jobs were affected.
    expect(worker.lines().some(({ level, queue }) => level === 40 && queue)).toBe(true);
    expect(worker.lines().filter(isLoud).length).toBeLessThanOrEqual(MAX_LINES_OF_OUTAGE * (OUTAGES + minutes));
  }
});

it('Redis is unreachable for longer than the TTL of locks: calls in flight still end', async () => {
  const read = '/cgi-bin/user/info';
  const send = '/cgi-bin/message/custom/send';
  const asked = async (path: string) =>
    (await deployment.wechat.asked(`GET ${path}`)) + (await deployment.wechat.asked(`POST ${path}`));
  const before = { read: await asked(read), send: await asked(send) };
  const { openids } = await deployment.wechat.control<{ openids: string[] }>(
    'GET',
    `/followers?appid=${SERVICE_ACCOUNT}`,
  );
  for (const path of [read, send])
    await deployment.wechat.control('POST', '/delay', { path, ms: 2_000, count: 1, at: 'after' });
  const reading = deployment.call(SERVICE_ACCOUNT, { method: 'GET', path: read, query: { openid: openids[0] } });
  const sending = deployment.call(SERVICE_ACCOUNT, {
    method: 'POST',
    path: send,
    body: { touser: openids[0], msgtype: 'text', text: { content: 'while Redis is away' } },
  });
  await until('both are in flight', async () => (await asked(read)) > before.read && (await asked(send)) > before.send);

  const processes = [...deployment.gateways, ...deployment.workers];
  const linesBefore = processes.map((process) => process.lines().length);
  const linesSince = (i: number) => processes[i]!.lines().slice(linesBefore[i]);
  const allSay = (text: RegExp) => processes.every((_, i) => linesSince(i).some(({ msg }) => text.test(String(msg))));

  await deployment.redis.kill();
  const killedAt = performance.now();
  // BullMQ's locks have a TTL of three seconds.
  await until('the locks have ended', () => performance.now() - killedAt > 4_000);
  await until('every process reports the outage', () => allSay(/^Redis does not answer$/));
  await deployment.redis.restart();
  await until('every process reports its end', () =>
    allSay(/^Redis is reachable again after \d+\.\d s; \d+ lines suppressed$/),
  );
  const minutes = Math.floor((performance.now() - killedAt) / MINUTE_MS);
  for (const i of processes.keys()) {
    const loud = linesSince(i).filter(isLoud);
    expect(loud.length, JSON.stringify(loud)).toBeLessThanOrEqual(MAX_LINES_OF_OUTAGE * (1 + minutes));
  }

  expect(await outcomeOf(deployment, reading)).toMatchObject({ state: 'completed' });
  const sent = await outcomeOf(deployment, sending);
  expect(['completed', 'outcome_unknown']).toContain(sent.failure?.code ?? sent.state);
  expect((await asked(send)) - before.send).toBe(1);
  expect((await arrivals(deployment)).get('while Redis is away')).toBe(1);
});

/** A warning or an error. Each job that is taken over has a line of its own, and a busy machine has more of them. */
function isLoud({ level, msg }: Record<string, unknown>): boolean {
  return Number(level) >= 40 && msg !== 'a job stalled; it is taken by another process';
}

/**
 * A killed Redis may lose what it writes to disk only once a second (an accepted limit). Its data contain such writes
 * each time.
 */
async function acceptedMeansOnDisk(): Promise<void> {
  const client = deployment.redis.client();
  await client.config('SET', 'appendfsync', 'always');
  client.disconnect();
}

async function killAndRestart(load: Load): Promise<void> {
  await deployment.redis.kill();
  const refusedBefore = load.refused.length;
  const refusedPushesBefore = await refusedPushes();
  await until('callers on both gateways are refused', () =>
    [0, 1].every((gateway) => load.refused.slice(refusedBefore).some((one) => one.gateway === gateway)),
  );
  await until('a message is refused', () => load.refused.slice(refusedBefore).some(({ kind }) => kind === 'send'));
  await until('a push is refused', async () => (await refusedPushes()) > refusedPushesBefore);
  expect((await fetch(`${deployment.gatewayUrl()}/readyz`)).status).toBe(503);
  expect((await deployment.api('GET', '/v1/status')).status).toBe(503);

  await deployment.redis.restart();
  await acceptedMeansOnDisk();
  await Promise.all(
    [0, 1].map((gateway) =>
      until('a new call is answered', async () => {
        const { body } = await deployment.call(SERVICE_ACCOUNT, FOLLOWERS, gateway);
        return body.state === 'completed';
      }),
    ),
  );
  const acceptedBefore = load.accepted.length;
  await until('the load flows again', () => load.accepted.length > acceptedBefore + 50);
}

async function refusedPushes(): Promise<number> {
  return (await pushDeliveries(deployment)).filter(({ status }) => status === 503).length;
}
