import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { databases, startDatabase, type TestDatabase } from '../../test/database.ts';
import { AuthorizerStore } from '../authorizer/authorizer-store.ts';
import { Components } from '../component/components.ts';
import { BulkThread } from '../database/bulk-thread.ts';
import { deliveryRow, insertDeliveries } from '../delivery/delivery-rows.ts';
import { DeliveryStore } from '../delivery/delivery-store.ts';
import type { NewPush } from '../journal/journaled-push.ts';
import { Persons } from '../journal/person.ts';
import { pushIdOf } from '../journal/push-id.ts';
import { insertPushes } from '../journal/push-row.ts';
import { PushStore } from '../journal/push-store.ts';
import { pushPlace } from '../journal/stream-entry.ts';
import { Seals } from '../sealing/seals.ts';
import { JournalReader } from './journal-reader.ts';

const key = randomBytes(32);
const at = new Date('2026-11-28T14:03:19Z');
const seals = new Seals([key]);
const persons = new Persons([key]);

describe.each(databases)('the journal as the API reads it, on %s', (kind) => {
  let database: TestDatabase;
  let writer: BulkThread;
  let reader: JournalReader;
  beforeAll(async () => {
    database = await startDatabase(kind);
    writer = new BulkThread(database.url);
    reader = new JournalReader({
      store: new PushStore({ sql: database.sql, writer, seals }),
      persons,
      components: new Components(
        ['wxc1', 'wxc2'].map((appid) => ({ appid, appsecret: 's', token: 't', encodingAesKey: 'a'.repeat(43) })),
      ),
      authorizers: new AuthorizerStore(database.sql, seals),
      deliveries: new DeliveryStore(database.sql, seals),
    });
    const account = { state: 'active', scopes: '[]', authorized_at: 1, updated_at: 1 };
    await database.sql
      .insertInto('authorizers')
      .values([
        { component: 'wxc1', appid: 'wxa', handle: 'shop-a', nick_name: '茶馆', ...account },
        { component: 'wxc2', appid: 'wxb', handle: 'shop-b', nick_name: null, ...account },
      ])
      .execute();
    const rows = pushes.map((one) =>
      deliveryRow({ subscription: { id: 'sub_1', timeoutMs: 1 }, push: one, asked: false }, at),
    );
    await writer.apply([insertPushes(pushes, persons), insertDeliveries(rows.slice(0, 1))]);
  });
  afterAll(async () => {
    await writer.close();
    await database.stop();
  });

  const list = async (request: Partial<Parameters<JournalReader['list']>[0]>) => {
    const { items } = await reader.list({ limit: 10, own: [], ...request });
    return items.map(({ id }) => pushes.findIndex((one) => one.id === id));
  };

  it('has a push with the current handle of its account, its deliveries, and its content', async () => {
    const found = await reader.find(pushes[0]!.id);
    expect(found).toMatchObject({
      ...{ component: 'wxc1', appid: 'wxa', handle: 'shop-a', nickName: '茶馆' },
      ...{ type: 'message.text', receivedAt: at },
      deliveries: [{ subscription: 'sub_1', state: 'pending', attemptCount: 0 }],
      data: { openid: 'oPerson', fields: { Content: 'hi' }, handle: 'shop-a' },
    });
    expect(await reader.find(pushes[2]!.id)).toMatchObject({
      appid: null,
      handle: null,
      nickName: null,
      deliveries: [],
      data: { fields: {} },
    });
    await expect(reader.find(pushIdOf(1, '0'.repeat(19)))).rejects.toMatchObject({ code: 'unknown_push' });
  });

  it('finds them by account, handle and person, and shows a restricted key only its own', async () => {
    expect(await list({})).toEqual([3, 2, 1, 0]);
    expect(await list({ appid: 'wxa' })).toEqual([3, 0]);
    expect(await list({ handle: 'shop-b' })).toEqual([1]);
    expect(await list({ handle: 'shop-b', appid: 'wxa' })).toEqual([]);
    expect(await list({ handle: 'nothing' })).toEqual([]);
    expect(await list({ appid: 'wxa', openid: 'oPerson' })).toEqual([0]);
    expect(await list({ own: ['wxb', 'wxz'] })).toEqual([1]);
    expect(await list({ own: ['wxb'], handle: 'shop-a' })).toEqual([]);
    await expect(list({ openid: 'oPerson' })).rejects.toMatchObject({ code: 'invalid_request' });
  });
});

const pushes = [
  push(
    0,
    { component: 'wxc1', appid: 'wxa' },
    '<xml><FromUserName>oPerson</FromUserName><CreateTime>1</CreateTime><Content>hi</Content></xml>',
  ),
  push(1, { component: 'wxc2', appid: 'wxb' }, '<xml></xml>'),
  push(2, { component: 'wxc1', appid: null, type: 'component.notify', openid: null }, '{"fields":{}}'),
  push(3, { component: 'wxc2', appid: 'wxa', openid: 'oOther' }, '<xml></xml>'),
];

function push(i: number, changes: Partial<NewPush> & Pick<NewPush, 'component'>, content: string): NewPush {
  const id = pushIdOf(at.getTime() / 1_000, String(i).padStart(19, '0'));
  return {
    ...{ id, appid: 'wxa', type: 'message.text', note: null, openid: 'oPerson', createTime: at, receivedAt: at },
    ...{
      seq: at.getTime() * 1_000 + i,
      sealed: seals.sealBytes(Buffer.from(content), pushPlace(changes.component, id)),
    },
    ...changes,
  };
}
