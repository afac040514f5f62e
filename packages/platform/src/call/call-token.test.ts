import { endpointOf } from '@wxthirdparty/wechat';
import { describe, expect, it } from 'vitest';
import { blamesToken, putTokenIn, refuseAccountsApi, tokenOwnerOf } from './call-token.ts';

const account = { component: 'wxc', appid: 'wxa', method: 'GET', path: '/cgi-bin/user/get' };
const component = {
  component: 'wxc',
  appid: 'wxc',
  method: 'POST',
  path: '/cgi-bin/component/api_get_authorizer_list',
};
const login = { ...account, path: '/sns/component/jscode2session' };

describe('whose token', () => {
  it.each([
    ['an account’s call', account, 'authorizer'],
    ['a component’s call', component, 'component'],
    ['a login to an account', login, 'component'],
    ['an unknown API, asked by the component', { ...component, path: '/wxa/new' }, 'component'],
    ['a person’s own question', { ...account, path: '/sns/userinfo' }, undefined],
  ])('%s', (_, wanted, kind) => {
    expect(tokenOwnerOf(wanted)?.kind).toBe(kind);
  });
});

describe('where the token stands', () => {
  const put = (wanted: typeof account, query: string) => {
    const parameters = new URLSearchParams(query);
    putTokenIn(parameters, wanted, 'T');
    return parameters.toString();
  };
  it('last, under the name that everybody reads', () => {
    expect(put(account, 'next_openid=o')).toBe('next_openid=o&access_token=T');
    expect(put(component, '')).toBe('access_token=T');
  });
  it('under the older name for logins, and nobody logs in to another account', () => {
    const filled = 'component_appid=wxc&component_access_token=T';
    expect(put(login, 'appid=wxother&js_code=c&component_appid=wxother')).toBe(
      'appid=wxa&js_code=c&component_appid=wxc&component_access_token=T',
    );
    expect(put({ ...login, appid: 'wxc' }, 'appid=wxother&js_code=c')).toBe(`appid=wxother&js_code=c&${filled}`);
  });
});

it('a component is told before WeChat is asked that an API is for accounts', () => {
  expect(() => refuseAccountsApi({ ...account, appid: 'wxc' })).toThrow(expect.objectContaining({ errcode: 61015 }));
  for (const good of [account, component, login]) expect(() => refuseAccountsApi(good)).not.toThrow();
});

it('a component’s token is not blamed where an account’s may have been wanted', () => {
  const blamed = (wanted: typeof account) => blamesToken(tokenOwnerOf(wanted), endpointOf(wanted.method, wanted.path));
  expect(blamed(component)).toBe(true);
  expect(blamed(login)).toBe(true);
  expect(blamed({ ...account, path: '/wxa/new' })).toBe(true);
  expect(blamed({ ...component, path: '/wxa/new' })).toBe(false);
  expect(blamed({ ...account, path: '/sns/userinfo' })).toBe(false);
});
