import { describe, expect, it } from 'vitest';
import { databaseUnreachable } from '../database/database-gate.ts';
import { type AccountName, accountKey } from './account-name.ts';
import { AccountNames } from './account-names.ts';

const a = { component: 'wxc', appid: 'wxa' };
const b = { component: 'wxc', appid: 'wxb' };
const none = { component: 'wxc', appid: null };

function open() {
  const stored = new Map<string, AccountName>([[accountKey(a), { handle: 'shop-a', nickName: '茶馆' }]]);
  const asked: string[][] = [];
  const database = { isOut: false };
  const names = new AccountNames(
    {
      names: async (accounts) => {
        asked.push(accounts.map(accountKey));
        if (database.isOut) throw databaseUnreachable('for the test');
        return new Map(stored);
      },
    },
    {
      ...{ check: async () => !database.isOut },
      get isOut() {
        return database.isOut;
      },
    },
  );
  return { names, stored, asked, database };
}

describe('the names of accounts', () => {
  it('are read together, each account once', async () => {
    const { names, asked } = open();
    const nameOf = await names.of([a, a, b, none]);
    expect(asked).toEqual([['wxc/wxa', 'wxc/wxb']]);
    expect(nameOf(a)).toEqual({ handle: 'shop-a', nickName: '茶馆' });
    for (const one of [b, none]) expect(nameOf(one)).toEqual({ handle: null, nickName: null });
  });

  it('are read again for the next page', async () => {
    const { names, stored } = open();
    await names.of([a]);
    stored.set(accountKey(a), { handle: 'shop-a', nickName: '新茶馆' });
    expect((await names.of([a]))(a).nickName).toBe('新茶馆');
  });

  it('are those of before while the database is away, or none', async () => {
    const { names, database } = open();
    await names.of([a]);
    database.isOut = true;
    const nameOf = await names.of([a, b]);
    expect(nameOf(a).nickName).toBe('茶馆');
    expect(nameOf(b)).toEqual({ handle: null, nickName: null });
  });
});
