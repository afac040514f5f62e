import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { arbitraryOf } from './support/arbitrary-of.ts';
import { Deployment, SERVICE_ACCOUNT } from './support/deployment.ts';
import { Description, type JsonSchema, type Route } from './support/description.ts';
import { freePort } from './support/free-port.ts';
import { mutated } from './support/mutated.ts';
import { until } from './support/until.ts';

const RUNS = 60;
/** The document lets a call wait a minute; this story has many other requests to send. */
const MAX_WAIT_MS = 200;
const ORDER = ['PUT', 'POST', 'GET', 'DELETE'];

/** No process listens there: deliveries fail at once. */
let receiver: string;
let deployment: Deployment;
let description: Description;
/** Of a consent, not exchanged yet. */
let authCode: string;
/** The values for `{id}`, by the path segment before it, and for the other parameters. */
let real: Record<string, readonly string[]>;
/** The statuses with which each operation answered. */
const answered = new Map<string, Set<number>>();

beforeAll(async () => {
  receiver = `http://127.0.0.1:${await freePort()}`;
  deployment = await Deployment.open({ env: { ALARM_WEBHOOKS: `wecom+${receiver}/send?key=k` } });
  await deployment.authorized();
  description = await Description.of(deployment.gatewayUrl());
  const made = async (path: string, body?: object) =>
    (await deployment.api<{ id: string }>('POST', path, body)).body.id;
  const consent = { appid: SERVICE_ACCOUNT, push: false };
  authCode = (await deployment.wechat.control<{ code: string }>('POST', '/authorize', consent)).code;
  const account = `/v1/authorizers/${SERVICE_ACCOUNT}`;
  const subscription = await made('/v1/subscriptions', { name: 'all', url: `${receiver}/wx` });
  const push = await pushed(subscription);
  real = {
    appid: [SERVICE_ACCOUNT, deployment.component.appid],
    components: [deployment.component.appid],
    component: [deployment.component.appid],
    name: ['location_report', 'voice_recognize'],
    errcode: ['45009'],
    keys: [await made('/v1/keys', { name: 'to be revoked', scopes: ['calls'] })],
    calls: [await made(`${account}/calls`, { method: 'GET', path: '/cgi-bin/user/get' })],
    'authorization-links': [await made(`/v1/components/${deployment.component.appid}/authorization-links`, {})],
    reconciliations: [await made('/v1/authorizers/reconcile')],
    'follower-syncs': [await made(`${account}/follower-syncs`)],
    subscriptions: [subscription],
    pushes: [push],
    push: [push],
    openid: ['oUser'],
    'alarm-channels': ['wecom-1'],
    replays: [await made(`/v1/subscriptions/${subscription}/replays`, { since: new Date(0).toISOString() })],
    'release-checks': [await made(`/v1/components/${deployment.component.appid}/release-rehearsals`, {})],
  };
});
afterAll(() => deployment?.close());

describe('the description', () => {
  it.each([
    ['a member that it does not name', 200, { ready: true, components: [], more: 1 }],
    ['a member that is missing', 200, { ready: true }],
    ['a status that it does not name', 201, { ready: true, components: [] }],
  ])('rejects %s', (_, status, body) => {
    expect(() => description.hold('GET', '/v1/status', status, 'application/json', body)).toThrow('GET /v1/status');
  });
});

describe('for arbitrary requests', () => {
  it('no answer is a 500, and each answer is one that the description promises', async () => {
    expect(description.routes.length).toBeGreaterThan(4);
    // First, one by one, valid requests: each created object can be read until it is deleted.
    const inOrder = [...description.routes].sort((a, b) => ORDER.indexOf(a.method) - ORDER.indexOf(b.method));
    for (const route of inOrder) await expectPromised(route, sound(route));
    // Then in parallel, as in production: no request waits for the slowest one.
    const tried = await Promise.allSettled(
      description.routes.map(async (route) =>
        fc.assert(
          fc.asyncProperty(requests(route), (request) => expectPromised(route, request)),
          { numRuns: RUNS, endOnFailure: true },
        ),
      ),
    );
    for (const one of tried) if (one.status === 'rejected') throw one.reason;
    // Proves that the requests reached the routes. A finished sync can be read, but no longer controlled.
    for (const { operation } of description.routes) {
      const statuses = [...(answered.get(operation.operationId) ?? [])];
      expect(
        statuses.filter((it) => it < 300 || it === 409),
        `${operation.operationId} ${statuses}`,
      ).not.toEqual([]);
    }
    const unexpected = deployment.gateways[0]!.lines().filter(({ msg }) => msg === 'request failed unexpectedly');
    expect(unexpected).toEqual([]);
  });

  it('the gateway is still running, and answers as before', async () => {
    const { body } = await deployment.call(SERVICE_ACCOUNT, { method: 'GET', path: '/cgi-bin/user/get' });
    expect(body.state).toBe('completed');
    expect(deployment.gateways[0]!.running).toBe(true);
  });
});

async function expectPromised(route: Route, request: Asked): Promise<void> {
  const { status, problem } = await ask(route, request);
  // An unreachable part or a full queue may be reported; an unexpected error may not.
  expect([status, problem]).not.toEqual([500, expect.anything()]);
  if (status > 500) expect(problem).not.toBeUndefined();
}

interface Asked {
  readonly path: Readonly<Record<string, string>>;
  readonly query: readonly (readonly [string, string])[];
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** A user's text that is in the journal, with its delivery. */
async function pushed(subscription: string): Promise<string> {
  const fields = { MsgType: 'text', Content: 'hello' };
  await deployment.wechat.control('POST', '/push', { url: 'messages', appid: SERVICE_ACCOUNT, fields });
  let id: string | undefined;
  await until('the delivery exists', async () => {
    const list = await deployment.api<{ items: { push: string; type: string }[] }>(
      'GET',
      `/v1/deliveries?subscription=${subscription}`,
    );
    id = list.body.items.find(({ type }) => type === 'message.text')?.push;
    return id !== undefined;
  });
  return id!;
}

/** The example of the description itself, with ids that exist. */
function sound({ operation, path: template }: Route): Asked {
  const names = [...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
  const body = operation.requestBody?.content['application/json']?.example;
  return {
    path: Object.fromEntries(names.map((name) => [name, thereIs(template, name)[0]!])),
    query: [],
    headers: {},
    // There is no DNS where the stories run.
    body:
      body === undefined
        ? undefined
        : JSON.stringify(body)
            .replaceAll('https://app.example.com', receiver)
            .replaceAll('queryauthcode@@@…', authCode),
  };
}

function requests({ operation, path: template }: Route): fc.Arbitrary<Asked> {
  const parameters = operation.parameters ?? [];
  const of = (schema: JsonSchema) => arbitraryOf(schema, description.schemas);
  const among = (place: string) => parameters.filter((it) => it.in === place);
  const path = fc.record(
    Object.fromEntries(among('path').map(({ name, schema }) => [name, inPath(template, name, of(schema))])),
  );
  const query = fc.record(
    Object.fromEntries(among('query').map(({ name, schema }) => [name, known(real[name], of(schema))])),
    {
      requiredKeys: [],
    },
  );
  const headers = fc.record(
    Object.fromEntries(among('header').map(({ name, schema }) => [name, of(schema).map(asHeader)])),
    { requiredKeys: [] },
  );
  const schema = operation.requestBody?.content['application/json']?.schema;
  return fc.record({
    path,
    query: sometimesMutated(query).map(asQuery),
    headers: headers as fc.Arbitrary<Record<string, string>>,
    body: schema === undefined ? fc.constant(undefined) : bodies(of(schema)),
  });
}

function sometimesMutated(values: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 2, arbitrary: values }, { weight: 3, arbitrary: mutated(values) });
}

function bodies(values: fc.Arbitrary<unknown>): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 8, arbitrary: sometimesMutated(values).map((value) => JSON.stringify(withShortWait(value))) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('', '{', '[[[[', 'null', '"\\ud800"', '{"a":1}'.repeat(2), '['.repeat(20_000)),
    },
  );
}

function withShortWait(value: unknown): unknown {
  if (value === null || typeof value !== 'object' || !('path' in value)) return value;
  const { waitMs = MAX_WAIT_MS } = value as { waitMs?: unknown };
  return { ...value, waitMs: typeof waitMs === 'number' && waitMs > MAX_WAIT_MS ? MAX_WAIT_MS : waitMs };
}

/** Existing values, more often than others. */
function inPath(template: string, name: string, values: fc.Arbitrary<unknown>): fc.Arbitrary<string> {
  return known(thereIs(template, name), values).map(String);
}

/** The values by the path segment before the parameter. */
function thereIs(template: string, name: string): readonly string[] {
  const word = template.split('/')[2]!;
  const those = real[name === 'id' || word === 'components' ? word : name];
  if (those === undefined) throw new Error(`there is no existing {${name}} for ${template}`);
  return those;
}

function known(those: readonly unknown[] | undefined, values: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return those === undefined ? values : fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...those) }, values);
}

function asHeader(value: unknown): string {
  return String(value).replace(/[^\x20-\x7e]/g, '?');
}

function asQuery(value: unknown): [string, string][] {
  if (value === null || typeof value !== 'object') return [['odd', String(value)]];
  return Object.entries(value).flatMap(([name, one]) =>
    (Array.isArray(one) ? one : [one]).map((it): [string, string] => [
      name,
      typeof it === 'string' ? it : JSON.stringify(it),
    ]),
  );
}

async function ask(route: Route, asked: Asked): Promise<{ status: number; problem: unknown }> {
  const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const segment = encodeURIComponent((asked.path[name] ?? '').toWellFormed());
    // A client would resolve `.` and `..` to another path; an empty value would be another route.
    return /^\.*$/.test(segment) ? 'none' : segment;
  });
  const query = new URLSearchParams(
    asked.query.map(([name, value]): [string, string] => [name.toWellFormed(), value.toWellFormed()]),
  );
  const url = `${path}${query.size > 0 ? `?${query}` : ''}`;
  const gone = new AbortController();
  const response = await fetch(deployment.gatewayUrl() + url, {
    method: route.method,
    headers: {
      ...asked.headers,
      authorization: `Bearer ${deployment.apiKey}`,
      ...(asked.body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(asked.body === undefined ? {} : { body: asked.body }),
    signal: gone.signal,
  });
  const type = response.headers.get('content-type');
  const isJson = /json(?:;|$)/.test(type ?? '') && !type!.includes('ndjson');
  const body: unknown = isJson ? await response.json() : undefined;
  // A stream of events does not end by itself.
  if (!isJson) gone.abort();
  const { operationId } = route.operation;
  answered.set(operationId, (answered.get(operationId) ?? new Set()).add(response.status));
  description.hold(route.method, path, response.status, type, body);
  return { status: response.status, problem: response.ok ? undefined : body };
}
