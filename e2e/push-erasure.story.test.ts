import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Deployment, MINI_PROGRAM, SERVICE_ACCOUNT } from './support/deployment.ts';
import { Receiver } from './support/receiver.ts';
import { SecretSearch } from './support/secret-search.ts';
import { until } from './support/until.ts';

const PERSON = 'oErasedPerson00000000000001';
const OTHER = 'oOtherPerson000000000000002';
const TEXT = 'what the erased person wrote';

interface Item {
  readonly id: string;
  readonly type: string;
  readonly appid: string | null;
  readonly deliveries: readonly { readonly attemptCount: number; readonly state: string }[];
}

let deployment: Deployment;
let receiver: Receiver;
beforeAll(async () => {
  receiver = await Receiver.open(() => 500);
  deployment = await Deployment.open({ gateways: 1, workers: 1 });
  await deployment.authorized(SERVICE_ACCOUNT);
  await deployment.authorized(MINI_PROGRAM);
});
afterAll(async () => {
  await deployment?.close();
  await receiver?.close();
});

it('a person, an account and its followers are erased, and nothing of them remains in the files in clear', async () => {
  const { body: subscription } = await api<{ id: string }>('POST', '/v1/subscriptions', {
    ...{ name: 'all', url: receiver.url, filter: { types: ['message.*', 'event.*'] } },
  });
  await push(SERVICE_ACCOUNT, PERSON, { MsgType: 'text', Content: TEXT });
  await push(SERVICE_ACCOUNT, PERSON, { MsgType: 'text', Content: `${TEXT} again` });
  await push(SERVICE_ACCOUNT, OTHER, { MsgType: 'event', Event: 'subscribe', EventKey: '' });
  await push(MINI_PROGRAM, OTHER, { MsgType: 'text', Content: 'of another account' });
  const ofPerson = await until('both are journaled and tried', async () => {
    const found = await pushes(`appid=${SERVICE_ACCOUNT}&openid=${PERSON}`);
    return found.length === 2 && found.every(({ deliveries }) => deliveries[0]!.attemptCount > 0) && found;
  });
  await until('the others are journaled', async () => (await fromWeChat('')).length === 4);
  await until('the follower is stored', async () => (await followers()).length === 1);

  await erase(`/v1/authorizers/${SERVICE_ACCOUNT}/people/${PERSON}/pushes`);
  expect(await pushes(`appid=${SERVICE_ACCOUNT}&openid=${PERSON}`)).toEqual([]);
  expect((await fromWeChat('')).map(({ type }) => type).toSorted()).toEqual(['event.subscribe', 'message.text']);
  const { body: deliveries } = await api<{ items: { push: string }[] }>(
    'GET',
    `/v1/deliveries?subscription=${subscription.id}`,
  );
  expect(deliveries.items).toHaveLength(2);
  for (const { id } of ofPerson) {
    expect(deliveries.items.map((one) => one.push)).not.toContain(id);
    expect((await api('GET', `/v1/pushes/${id}`)).status).toBe(404);
    expect((await api('GET', `/v1/subscriptions/${subscription.id}/deliveries/${id}`)).status).toBe(404);
  }

  await erase(`/v1/authorizers/${SERVICE_ACCOUNT}/pushes`);
  expect((await fromWeChat('')).map(({ appid }) => appid)).toEqual([MINI_PROGRAM]);
  await erase(`/v1/authorizers/${SERVICE_ACCOUNT}/followers`);
  expect(await followers()).toEqual([]);

  const { body: audit } = await api<{ items: { action: string }[] }>('GET', '/v1/audit');
  expect(audit.items.map(({ action }) => action)).toContain(`pushes of a person of ${SERVICE_ACCOUNT} erased`);
  expect(JSON.stringify(audit)).not.toContain(PERSON);
  const search = new SecretSearch({ openid: [PERSON], text: [Buffer.from(TEXT)] });
  expect(await findInFiles(search, deployment.dir)).toEqual([]);
  // The same search finds what is there.
  const present = new SecretSearch({ account: [Buffer.from(MINI_PROGRAM)] });
  expect(await findInFiles(present, deployment.dir)).not.toEqual([]);
});

async function findInFiles(search: SecretSearch, dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  expect(files.some((file) => file.endsWith('.sqlite'))).toBe(true);
  return (await Promise.all(files.map(async (file) => search.find(file, await readFile(file))))).flat();
}

/** Repeated until nothing remains. */
async function erase(path: string): Promise<void> {
  const first = await api('DELETE', path);
  expect(first).toMatchObject({ status: 202, body: { state: 'running' } });
  await until(`${path} is completed`, async () => {
    const { status, body } = await api('DELETE', path);
    expect(body).toEqual({ state: status === 200 ? 'completed' : 'running' });
    return status === 200;
  });
}

async function push(appid: string, openid: string, fields: object): Promise<void> {
  const what = { url: 'messages', appid, fields: { ...fields, FromUserName: openid } };
  const { deliveries } = await deployment.wechat.control<{ deliveries: object[] }>('POST', '/push', what);
  expect(deliveries).toMatchObject([{ status: 200, body: 'success' }]);
}

async function pushes(query: string): Promise<Item[]> {
  const { status, body } = await api<{ items: Item[] }>('GET', `/v1/pushes?${query}`);
  expect(status).toBe(200);
  return body.items;
}

/** Without the notices of our own. */
async function fromWeChat(query: string): Promise<Item[]> {
  return (await pushes(query)).filter(({ type }) => /^(?:message|event)\./.test(type));
}

async function followers(): Promise<object[]> {
  const { body } = await api<{ items: object[] }>('GET', `/v1/authorizers/${SERVICE_ACCOUNT}/followers`);
  return body.items;
}

function api<T = unknown>(method: string, path: string, body?: unknown): Promise<{ status: number; body: T }> {
  return deployment.api<T>(method, path, body);
}
