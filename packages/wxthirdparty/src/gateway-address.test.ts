import { describe, expect, it } from 'vitest';
import { readGatewayAddress } from './gateway-address.ts';
import { ThirdpartyError } from './thirdparty-error.ts';

const refusalOf = (db: unknown): ThirdpartyError => {
  try {
    readGatewayAddress(db);
  } catch (error) {
    if (error instanceof ThirdpartyError) return error;
    throw error;
  }
  throw new Error('accepted');
};

describe('the fifth argument of the constructor', () => {
  it.each([
    [{ gateway: 'http://127.0.0.1:3000', apiKey: 'k' }, 'http://127.0.0.1:3000', 'k'],
    [{ gateway: 'https://wx.example/base/', apiKey: 'k:@/%' }, 'https://wx.example/base', 'k:@/%'],
    ['http://:k@127.0.0.1:3000', 'http://127.0.0.1:3000', 'k'],
    ['http://any:wxk_a-b@127.0.0.1:3000/', 'http://127.0.0.1:3000', 'wxk_a-b'],
    ['https://:a%40b%25@wx.example/base', 'https://wx.example/base', 'a@b%'],
  ])('is an address with an API key: %j', (db, gateway, apiKey) => {
    expect(readGatewayAddress(db)).toEqual({ gateway, apiKey });
  });

  it.each([
    'mysql://user:hunter2@host/database',
    { read: 'mysql://user:hunter2@replica/database', write: 'mysql://user:hunter2@host/database' },
    { protocol: 'mysql', database: 'database', password: 'hunter2' },
  ])('explains the steps if it is the database of 2015: %j', (db) => {
    const { code, remedy, message } = refusalOf(db);
    expect([code, remedy]).toEqual(['database_address', 'fix-request']);
    expect(message).toMatch(/Start the system[\s\S]*import wxthirdparty[\s\S]*keys create[\s\S]*{ gateway: /);
    expect(message).not.toContain('hunter2');
  });

  it.each([
    ['http://127.0.0.1:3000', /API key is missing/],
    ['http://hunter2@127.0.0.1:3000', /after a colon/],
    ['http://:%zz@127.0.0.1:3000', /%25/],
    ['127.0.0.1:3000/hunter2', /no http URL|no URL/],
    ['redis://:hunter2@127.0.0.1', /no http URL/],
    [{ gateway: 'http://127.0.0.1:3000' }, /API key is missing/],
    [{ gateway: 'http://127.0.0.1:3000', apiKey: '' }, /API key is missing/],
    [{ gateway: 'http://:hunter2@127.0.0.1:3000', apiKey: 'k' }, /not in the URL/],
    [{ apiKey: 'hunter2' }, /no gateway/],
    [undefined, /no gateway/],
    [42, /no gateway/],
  ])('is refused without quoting it: %j', (db, why) => {
    const { code, message } = refusalOf(db);
    expect(code).toBe('invalid_request');
    expect(message).toMatch(why);
    expect(message).not.toContain('hunter2');
  });
});
