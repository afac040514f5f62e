import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { Seals } from '../sealing/seals.ts';
import { appendNotice, type Notice } from './append-notice.ts';
import { isPushId } from './push-id.ts';
import { entryFields, pushPlace, readEntry, type StreamEntry, seqOf } from './stream-entry.ts';

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
beforeEach(() => server.redis.flushall());
afterAll(() => server.stop());

const id = '1lglnp7f58elovunc37204hdd3';
const entries: readonly StreamEntry[] = [
  {
    kind: 'push',
    id,
    component: 'wxc',
    url: 'messages',
    appid: 'wxa',
    receivedAt: new Date(1795874599_600),
    envelope: { timestamp: '1795874599', nonce: 'é', msgSignature: 'f'.repeat(40), encrypt: 'c2VhbGVk' },
    asked: 'sub_1',
  },
  {
    kind: 'push',
    id,
    component: 'wxc',
    url: 'events',
    appid: undefined,
    receivedAt: new Date(1795874599_600),
    envelope: { timestamp: '1795874599', nonce: 'n', msgSignature: 'f'.repeat(40), encrypt: 'c2VhbGVk' },
    asked: undefined,
  },
  {
    kind: 'notice',
    id,
    component: 'wxc',
    appid: undefined,
    type: 'component.notify_x',
    at: new Date(1795874599_000),
    receivedAt: new Date(1795874599_600),
    sealed: randomBytes(100),
  },
  { kind: 'outcome', component: 'wxc', appid: 'wxa', push: id, subscription: 'sub_1', sealed: randomBytes(100) },
  { kind: 'step', component: 'wxc', appid: 'wxa', step: '{"name":"text"}' },
];

async function append(fields: readonly string[]): Promise<void> {
  await server.redis.xadd(server.redis.keyspace.pushStream, '*', ...fields);
}

async function readAll() {
  const found = await server.redis.xrange(server.redis.keyspace.pushStream, '-', '+');
  return found.map(([streamId, list]) => readEntry(streamId, list));
}

it('every kind of entry is read as it was written', async () => {
  for (const entry of entries) await append(entryFields(entry));
  expect((await readAll()).map(({ content }) => content)).toEqual(entries);
});

it('an entry of a newer version is recognized as unknown; one with a missing field as broken', async () => {
  const fields = entryFields(entries[0]!);
  await append(['format', '2', ...fields.slice(2)]);
  await append(['format', '1', 'kind', 'letter', 'id', id]);
  await append(fields.slice(0, -2));
  await append(['kind', 'push']);
  // Fields that a newer version adds are no obstacle.
  await append([...fields, 'added', '1']);
  expect((await readAll()).map(({ content }) => content)).toEqual([
    'unknown',
    'unknown',
    'broken',
    'broken',
    entries[0],
  ]);
});

it('the order of acceptance is the id of the entry as one number', () => {
  expect(seqOf('1795874599600-0')).toBe(1795874599600_000);
  expect(seqOf('1795874599600-17')).toBe(1795874599600_017);
  expect(seqOf('1795874599600-5000')).toBe(1795874599600_999);
});

it('a notice is appended sealed, under an id that a repetition has, too', async () => {
  const seals = new Seals([randomBytes(32)]);
  const notice: Notice = {
    component: 'wxc',
    appid: 'wxa',
    type: 'authorizer.authorized',
    at: new Date(1795874599_000),
    unique: '7',
    data: { state: 'active', scopes: [1, 15], linkId: null },
  };
  await appendNotice(server.redis, seals, notice);
  await appendNotice(server.redis, seals, notice);
  const [first, second] = (await readAll()).map(({ content }) => content);
  expect(first).toMatchObject({ kind: 'notice', component: 'wxc', appid: 'wxa', type: 'authorizer.authorized' });
  if (typeof first !== 'object' || first.kind !== 'notice' || typeof second !== 'object' || second.kind !== 'notice') {
    throw new Error('they are no notices');
  }
  expect(isPushId(first.id)).toBe(true);
  expect(second.id).toBe(first.id);
  expect(JSON.parse(seals.openBytes(first.sealed, pushPlace('wxc', first.id)).toString())).toEqual(notice.data);
});
