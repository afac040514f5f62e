import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase, type Sql } from '../packages/platform/src/database/open.ts';
import { newDatabase } from '../packages/platform/test/mariadb-for-all.ts';
import { type MariaDbServer, startMariaDb } from '../packages/platform/test/mariadb-server.ts';
import { type CallBody, Deployment, MINI_PROGRAM, SERVICE_ACCOUNT } from './support/deployment.ts';
import { Endpoint, replying } from './support/endpoint.ts';
import { inTime } from './support/push-answers.ts';
import { until } from './support/until.ts';

const NEW_ACCOUNT = 'wx00000000000000c3';
const MAX_SQL_CONNECTIONS = 12;
const call = { method: 'GET', path: '/cgi-bin/get_current_selfmenu_info' };

/** A server of this file alone, since it is frozen here: it accepts connections, and answers nothing. */
let server: MariaDbServer;
let operator: Sql;
let endpoint: Endpoint;
let deployment: Deployment;
let url: string;
let known: string;
let unknown: string;

beforeAll(async () => {
  [server, endpoint] = await Promise.all([startMariaDb(), Endpoint.open()]);
  endpoint.answer = () => replying({ type: 'text', content: 'a reply' });
  url = await newDatabase(server);
  operator = openDatabase(url, { maxConnections: 1 });
  deployment = await Deployment.open({
    nodes: 2,
    pushToAll: true,
    alarmSpeed: 20,
    // A node that shuts down waits until statements that are being tried again have failed.
    env: { DATABASE_URL: url, SHUTDOWN_MS: '30000' },
    accounts: [SERVICE_ACCOUNT, MINI_PROGRAM, NEW_ACCOUNT].map((appid) => ({
      ...{ appid, kind: 'official-account' as const, nickName: appid, followers: 3 },
    })),
  });
  await deployment.authorized(SERVICE_ACCOUNT);
  // By the first node only: its state is read there.
  await deployment.authorized(MINI_PROGRAM);
  [known, unknown] = [await newKey('known'), await newKey('unknown')];
  const subscription = { name: 'bot', url: endpoint.url, filter: { types: ['message.*'] }, reply: { waitMs: 3_000 } };
  expect((await deployment.api('POST', '/v1/subscriptions', subscription)).status).toBe(201);
});
afterAll(async () => {
  await server?.resume().catch(() => {});
  await deployment?.close();
  await operator?.destroy();
  await Promise.all([server?.stop(), endpoint?.close()]);
});

async function newKey(name: string): Promise<string> {
  const { status, body } = await deployment.api<{ key: string }>('POST', '/v1/keys', { name, scopes: ['calls'] });
  expect(status).toBe(201);
  return body.key;
}

interface Answer extends CallBody {
  readonly remedy?: string;
  readonly retryAfter?: number;
}

async function callWith(key: string, appid: string, node: number): Promise<{ status: number; body: Answer }> {
  const response = await fetch(`${deployment.gatewayUrl(node)}/v1/authorizers/${appid}/calls`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(call),
  });
  return { status: response.status, body: (await response.json()) as Answer };
}

async function lastTicket(): Promise<string> {
  const { body } = await deployment.api<{ components: { ticket: { receivedAt: string } }[] }>('GET', '/v1/status');
  return body.components[0]!.ticket.receivedAt;
}

interface Answered {
  readonly status: number;
  readonly reply: unknown;
  readonly ms: number;
}

/** How many texts users have sent. */
let texts = 0;

/** What WeChat receives from each node for the same text of a user. */
async function says(text: string): Promise<Answered[]> {
  texts++;
  const message = { url: 'messages', appid: SERVICE_ACCOUNT, fields: { MsgType: 'text', Content: text }, copies: 2 };
  const { deliveries } = await deployment.wechat.control<{ deliveries: Answered[] }>('POST', '/push', message);
  return deliveries;
}

async function readiness(node: number): Promise<{ status: number; degraded: string[] }> {
  const response = await fetch(`${deployment.gatewayUrl(node)}/readyz`);
  const { degraded } = (await response.json()) as { degraded: string[] };
  return { status: response.status, degraded };
}

const OUTAGE = /【严重】该进程无法访问数据库/g;
const OUTAGE_ENDED = /【恢复】该进程无法访问数据库/g;

/** How often the messages to the robot have this text. */
async function robotTexts(text: RegExp): Promise<number> {
  const { wecom } = await deployment.wechat.robots();
  return [...(wecom?.messages.map((message) => message.text).join('\n') ?? '').matchAll(text)].length;
}

const minted = async () => (await deployment.wechat.counters()).minted;
const accountToken = () => `authorizer:${deployment.component.appid}/${SERVICE_ACCOUNT}`;

test('a process uses twelve connections to the database, whatever is asked of it', async () => {
  let most = 0;
  let going = true;
  const asking = Promise.all(
    Array.from({ length: 120 }, (_, i) => deployment.api('GET', `/v1/authorizers?limit=${1 + i}`, undefined, i % 2)),
  ).finally(() => {
    going = false;
  });
  const messages = says('a burst');
  while (going) {
    const connections = await operator
      .withSchema('information_schema')
      .withTables<{ processlist: { db: string | null } }>()
      .selectFrom('processlist')
      .select('db')
      .where('db', '=', new URL(url).pathname.slice(1))
      .execute();
    most = Math.max(most, connections.length - 1);
  }
  expect((await asking).map(({ status }) => status)).not.toContain(503);
  await messages;
  expect(most).toBeGreaterThan(2);
  expect(most).toBeLessThanOrEqual(2 * MAX_SQL_CONNECTIONS);
});

test('while the database answers nothing, each part does what it can without it, and the rest is done afterwards', async () => {
  for (const node of [0, 1]) {
    expect(await callWith(known, SERVICE_ACCOUNT, node)).toMatchObject({ status: 200, body: { state: 'completed' } });
  }
  await until('users are answered', async () => (await says('before')).some(({ reply }) => reply !== null));
  const before = await minted();
  await server.freeze();

  // Calls of an account and a key that the node has read before.
  for (const node of [0, 1]) {
    expect(await callWith(known, SERVICE_ACCOUNT, node)).toMatchObject({ status: 200, body: { state: 'completed' } });
  }
  await until('both nodes report it', async () => {
    const states = await Promise.all([readiness(0), readiness(1)]);
    return states.every(({ status, degraded }) => status === 200 && degraded.includes('database'));
  });
  // Calls that it cannot judge.
  const refused = { status: 503, body: { code: 'unavailable', remedy: 'retry', retryAfter: 5 } };
  expect(await callWith(known, MINI_PROGRAM, 1)).toMatchObject(refused);
  expect(await callWith(unknown, SERVICE_ACCOUNT, 1)).toMatchObject(refused);
  // Pushes, passive replies, tickets.
  const answers: Answered[] = [];
  await until('users are answered', async () => {
    answers.push(...(await says('during')));
    return answers.some(({ reply }) => reply !== null);
  });
  const formerTicket = await lastTicket();
  await deployment.wechat.control('POST', '/tick', { ticket: 'new' });
  await until('the ticket is used', async () => (await lastTicket()) !== formerTicket);
  // The component's token.
  await deployment.wechat.control('POST', '/expire', { token: 'component' });
  const { appid: component } = deployment.component;
  const asked = await deployment.api<CallBody>('POST', `/v1/components/${component}/calls`, {
    ...{ method: 'POST', path: '/cgi-bin/component/api_get_authorizer_info' },
    body: { component_appid: component, authorizer_appid: SERVICE_ACCOUNT },
  });
  expect(asked.body).toMatchObject({ state: 'completed', response: { body: { authorizer_info: {} } } });
  expect((await minted())[`component:${component}`]).toBeGreaterThan(before[`component:${component}`]!);

  // A node that stops and starts meanwhile accepts pushes.
  expect(await deployment.gateways[1]!.shutDown()).toBe(0);
  await deployment.startNode(1).says('gateway listening');
  expect(await readiness(1)).toMatchObject({ status: 200, degraded: ['database'] });
  await until('WeChat is answered in time', async () => {
    const own = await says('to a degraded node');
    answers.push(...own);
    return inTime(own).length >= 2;
  });
  expect(new Set(inTime(answers).map(({ status }) => status))).toEqual(new Set([200]));
  expect(await callWith(known, SERVICE_ACCOUNT, 1)).toMatchObject(refused);

  // A consent, and the refresh of an account's token, wait.
  await deployment.wechat.control('POST', '/authorize', { appid: NEW_ACCOUNT, component });
  await deployment.wechat.control('POST', '/expire', { token: 'authorizer', appid: SERVICE_ACCOUNT });
  const waiting = await deployment.call(SERVICE_ACCOUNT, { ...call, waitMs: 0 });
  expect(waiting.status).toBe(202);
  await until('the refresh was tried', () =>
    deployment.gateways.some((node) =>
      node
        .lines()
        .some(({ msg, outcome, code }) => msg === 'refresh' && outcome === 'failed' && code === 'database_unreachable'),
    ),
  );
  const during = await minted();
  expect(during[accountToken()]).toBe(before[accountToken()]);
  expect(during[`authorizer:${component}/${NEW_ACCOUNT}`]).toBeUndefined();

  await until('the robots are sent an alarm', async () => (await robotTexts(OUTAGE)) > 0);
  await server.resume();
  await until('both nodes have it again', async () => {
    const states = await Promise.all([readiness(0), readiness(1)]);
    return states.every(({ degraded }) => degraded.length === 0);
  });
  await until('the new account is active', async () => {
    const { body } = await deployment.api<{ state: string }>('GET', `/v1/authorizers/${NEW_ACCOUNT}`);
    return body.state === 'active';
  });
  await until('the call that waited for a token is completed', async () => {
    const { body } = await deployment.api<CallBody>('GET', `/v1/calls/${waiting.body.id}`);
    return body.state === 'completed';
  });
  await until('the account has a new token, with which calls succeed', async () => {
    const { body } = await deployment.call(SERVICE_ACCOUNT, call);
    return body.state === 'completed' && (await minted())[accountToken()]! > before[accountToken()]!;
  });
  for (const [key, appid] of [
    [known, MINI_PROGRAM],
    [unknown, SERVICE_ACCOUNT],
  ] as const) {
    await until('the calls are judged', async () => (await callWith(key, appid, 1)).status === 200);
  }
  // Each text once, whichever of the nodes accepted the copies.
  await until('every push is in the journal', async () => {
    const { body } = await deployment.api<{ items: { type: string }[] }>(
      'GET',
      `/v1/pushes?appid=${SERVICE_ACCOUNT}&limit=1000`,
    );
    return endpoint.received.length > 0 && body.items.filter(({ type }) => type === 'message.text').length === texts;
  });
  expect(deployment.gateways.every((node) => node.running)).toBe(true);
  // One message for the outage, though both nodes report it, and one for its end.
  const alarmsOf = async (state: 'open' | 'closed') => {
    const { body } = await deployment.api<{ items: { rule: string }[] }>('GET', `/v1/alarms?state=${state}`);
    return body.items.filter(({ rule }) => rule === 'database_unreachable').length;
  };
  await until('the end of the alarm is sent', async () => {
    const [open, closed, ends] = [await alarmsOf('open'), await alarmsOf('closed'), await robotTexts(OUTAGE_ENDED)];
    return open === 0 && closed > 0 && ends >= closed;
  });
  // A node was shut down meanwhile; one that ends right after sending causes a second message.
  expect(await robotTexts(OUTAGE)).toBeLessThanOrEqual((await alarmsOf('closed')) + 1);
});
