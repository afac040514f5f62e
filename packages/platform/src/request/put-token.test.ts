import { endpointOf } from '@wxthirdparty/wechat';
import { describe, expect, it } from 'vitest';
import { blamesToken, putTokenIn } from './put-token.ts';

const account = { component: 'wxc', appid: 'wxa', method: 'GET', path: '/cgi-bin/user/get' };
const list = '/cgi-bin/component/api_get_authorizer_list';
const component = { component: 'wxc', appid: 'wxc', method: 'POST', path: list };
const login = { ...account, path: '/sns/component/jscode2session' };

describe('the token in the query', () => {
  const put = (target: typeof account, query: string) => {
    const parameters = new URLSearchParams(query);
    putTokenIn(parameters, target, 'T');
    return parameters.toString();
  };

  it('is the last parameter, under the name that ordinary APIs read', () => {
    expect(put(account, 'next_openid=o')).toBe('next_openid=o&access_token=T');
    expect(put(component, '')).toBe('access_token=T');
  });

  it('has the older name for logins, which cannot be for another account than the call', () => {
    const filled = 'component_appid=wxc&component_access_token=T';
    expect(put(login, 'appid=wxother&js_code=c&component_appid=wxother')).toBe(
      'appid=wxa&js_code=c&component_appid=wxc&component_access_token=T',
    );
    expect(put({ ...login, appid: 'wxc' }, 'appid=wxother&js_code=c')).toBe(`appid=wxother&js_code=c&${filled}`);
  });
});

it('a component’s token is not blamed where the API may require an account’s', () => {
  const blamed = (kind: 'component' | 'authorizer', { method, path, ...owner }: typeof account) =>
    blamesToken({ kind, ...owner }, endpointOf(method, path));
  expect(blamed('component', component)).toBe(true);
  expect(blamed('component', login)).toBe(true);
  expect(blamed('authorizer', { ...account, path: '/wxa/new' })).toBe(true);
  expect(blamed('component', { ...component, path: '/wxa/new' })).toBe(false);
});
