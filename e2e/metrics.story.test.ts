import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { namedMetrics } from '../packages/cli/test/prometheus-files.ts';
import { Deployment, SERVICE_ACCOUNT } from './support/deployment.ts';
import { until } from './support/until.ts';

const TOKEN = 'a-token-of-prometheus';
const NODES = 3;

/** A scrape: the types of metrics, and the values of their series by name and labels. */
interface Scrape {
  readonly text: string;
  readonly types: ReadonlyMap<string, string>;
  readonly samples: ReadonlyMap<string, number>;
}

let deployment: Deployment;
let openid: string | undefined;
beforeAll(async () => {
  deployment = await Deployment.open({ nodes: NODES });
  await deployment.authorized();
  for (let i = 0; i < 10; i++) {
    const path = i % 2 ? '/cgi-bin/user/get' : '/not/catalogued';
    const call = await deployment.call(SERVICE_ACCOUNT, { method: 'GET', path }, i % NODES);
    openid ??= (call.body.response?.body as { data?: { openid: string[] } } | undefined)?.data?.openid[0];
    await deployment.wechat.control('POST', '/push', {
      ...{ url: 'messages', appid: SERVICE_ACCOUNT },
      fields: { MsgType: 'text', Content: `text ${i}`, MsgId: String(1_000 + i), FromUserName: 'o-the-user' },
    });
  }
});
afterAll(() => deployment?.close());

async function scrape(node: number, headers: Record<string, string> = {}): Promise<Scrape> {
  const response = await fetch(`${deployment.gatewayUrl(node)}/metrics`, { headers });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4');
  const text = await response.text();
  const types = new Map([...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name, type]) => [name!, type!]));
  const samples = new Map(
    [...text.matchAll(/^(\w+(?:\{.*\})?) (\S+)$/gm)].map(([, series, value]) => [series!, Number(value)]),
  );
  return { text, types, samples };
}

/** What all processes read of shared state, but for ages, which grow between two scrapes. */
function sharedOf({ samples }: Scrape): Record<string, number> {
  const shared = /^wx_(?:component_ready|ticket_|component_token_|authorizers|subscriptions|deliveries_pending)/;
  return Object.fromEntries([...samples].filter(([series]) => shared.test(series)));
}

async function sum(pattern: RegExp): Promise<number> {
  const scrapes = await Promise.all(Array.from({ length: NODES }, (_, i) => scrape(i)));
  const values = scrapes.flatMap(({ samples }) => [...samples].filter(([series]) => pattern.test(series)));
  return values.reduce((total, [, value]) => total + value, 0);
}

it('every process exports all metrics, and together they have counted each call and push once', async () => {
  const { types } = await scrape(0);
  const own = [...types].filter(([name]) => name.startsWith('wx_'));
  expect(own).toHaveLength(35);
  expect(types.get('process_cpu_seconds_total')).toBe('counter');
  expect(types.get('nodejs_eventloop_lag_p99_seconds')).toBe('gauge');
  await until('all calls and pushes are counted', async () => {
    const calls = await sum(/^wx_calls_total\{path="(?:\/cgi-bin\/user\/get|other)"/);
    const phases = await sum(/^wx_call_seconds_count\{phase="total"/);
    const accepted = await sum(/^wx_pushes_total\{.*url="messages",result="accepted"/);
    const handled = await sum(/^wx_pushes_total\{.*url="messages",result="handled"/);
    return [calls, phases, accepted, handled].every((count) => count === 10);
  });
  expect(
    await sum(/^wx_http_requests_total\{route="\/v1\/authorizers\/:appid\/calls",method="POST",status="200"\}/),
  ).toBe(10);
});

it('no label names an account or a user', async () => {
  const { text } = await scrape(0);
  expect(openid).toMatch(/^o.{10}/);
  for (const secret of [SERVICE_ACCOUNT, openid!, 'o-the-user', '/not/catalogued', deployment.apiKey]) {
    expect(text).not.toContain(secret);
  }
});

it('what rules and boards name is in the scrape, with the labels by which they select it', async () => {
  const { types, samples } = await scrape(0);
  const named = namedMetrics();
  expect(named.length).toBeGreaterThan(80);
  const missing = named.filter(({ name, labels }) => {
    if (!types.has(name)) return true;
    const own = labels.filter((label) => label !== 'job');
    const series = [...samples.keys()].filter((one) =>
      new RegExp(`^${name}(?:_bucket|_sum|_count)?(?:\\{|$)`).test(one),
    );
    // A counter of what never happened here has no series; its labels are held by the table of definitions.
    return (
      series.length > 0 && own.length > 0 && !series.some((one) => own.every((label) => one.includes(`${label}="`)))
    );
  });
  expect(missing).toEqual([]);
});

it('the activity has each call and push of three nodes, also of one that was stopped right after', async () => {
  const last = Array.from({ length: 5 }, () =>
    deployment.call(SERVICE_ACCOUNT, { method: 'GET', path: '/cgi-bin/user/get' }, 1),
  );
  for (const { body } of await Promise.all(last)) expect(body.state).toBe('completed');
  expect(await deployment.gateways[1]!.shutDown()).toBe(0);
  let hours = 0;
  await until('the counts of all processes are added', async () => {
    // A node keeps each answer for 30 seconds; one about another time has the same sums.
    hours = (hours % 48) + 1;
    await pause(500);
    const { body } = await deployment.api<{
      readonly calls: { readonly completed: readonly number[]; readonly failed: readonly number[] };
      readonly pushes: { readonly accepted: readonly number[] };
    }>('GET', `/v1/activity?hours=${hours}`, undefined, hours % 2 ? 0 : 2);
    const total = (...counts: (readonly number[])[]) => counts.flat().reduce((sum, count) => sum + count, 0);
    // Besides the messages there were a ticket and a consent.
    return total(body.calls.completed, body.calls.failed) === 15 && total(body.pushes.accepted) >= 12;
  });
  await deployment.startNode(1).says('gateway listening');
});

it('all processes export the same shared state, also when one was killed', async () => {
  await until('three nodes agree', async () => {
    const [first, ...others] = await Promise.all(Array.from({ length: NODES }, (_, i) => scrape(i)));
    const shared = sharedOf(first!);
    expect(shared[`wx_component_ready{component="${deployment.component.appid}"}`]).toBe(1);
    expect(shared[`wx_authorizers{component="${deployment.component.appid}",state="active"}`]).toBe(1);
    return others.every((other) => JSON.stringify(sharedOf(other)) === JSON.stringify(shared));
  });
  const before = sharedOf(await scrape(0));
  await deployment.gateways[2]!.kill();
  expect(sharedOf(await scrape(0))).toEqual(before);
});

it('metrics are for direct connections from near, or for those that present METRICS_TOKEN', async () => {
  const status = async (node: number, headers: Record<string, string>) =>
    (await fetch(`${deployment.gatewayUrl(node)}/metrics`, { headers })).status;
  expect(await status(0, { 'x-forwarded-for': '203.0.113.7' })).toBe(403);
  const node = deployment.startNode(2, { METRICS_TOKEN: TOKEN });
  await node.says('gateway listening');
  expect(await status(2, {})).toBe(403);
  expect(await status(2, { authorization: `Bearer ${deployment.apiKey}` })).toBe(403);
  expect(await status(2, { authorization: `Bearer ${TOKEN}`, 'x-forwarded-for': '203.0.113.7' })).toBe(200);
});

it('without Redis, its gauges are absent and redis_up is 0; what the database has is still there', async () => {
  await deployment.redis.stop();
  await until('the gauges of Redis are absent', async () => {
    const { text, samples } = await scrape(0);
    const up = [...samples].filter(([series]) => series.startsWith('wx_redis_up{'));
    const isAbsent = !/^wx_(?:component_ready|queue_jobs|redis_memory_ratio|alarms_open)\{/m.test(text);
    return up.length > 0 && up.every(([, value]) => value === 0) && isAbsent;
  });
  await until('what the database has is there', async () => {
    const { samples } = await scrape(0);
    expect(samples.get('wx_database_up')).toBe(1);
    return samples.get(`wx_authorizers{component="${deployment.component.appid}",state="active"}`) === 1;
  });
});
