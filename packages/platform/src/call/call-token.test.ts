import { describe, expect, it } from 'vitest';
import { refuseAccountsApi, tokenOwnerOf } from './call-token.ts';

const account = { component: 'wxc', appid: 'wxa', method: 'GET', path: '/cgi-bin/user/get' };
const list = '/cgi-bin/component/api_get_authorizer_list';
const component = { component: 'wxc', appid: 'wxc', method: 'POST', path: list };
const login = { ...account, path: '/sns/component/jscode2session' };

describe('the owner of the token', () => {
  it.each([
    ['of an account’s call is the account', account, 'authorizer'],
    ['of a component’s call is the component', component, 'component'],
    ['of a login to an account is the component', login, 'component'],
    ['of an unknown API, called by the component, is the component', { ...component, path: '/wxa/new' }, 'component'],
    ['of a user’s own request is not one of ours', { ...account, path: '/sns/userinfo' }, undefined],
  ])('%s', (_, target, kind) => {
    expect(tokenOwnerOf(target)?.kind).toBe(kind);
  });
});

it('a component’s call of an API for accounts is refused before WeChat is asked', () => {
  expect(() => refuseAccountsApi({ ...account, appid: 'wxc' })).toThrow(expect.objectContaining({ errcode: 61015 }));
  for (const good of [account, component, login]) expect(() => refuseAccountsApi(good)).not.toThrow();
});
