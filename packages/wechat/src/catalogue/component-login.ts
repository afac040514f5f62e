import { endpointOf } from './endpoint.ts';
import { isTokenParameter } from './wechat-path.ts';

type Parameters = readonly (readonly [name: string, value: string])[];

/** The logins that programs send with an account's own secret, and those that a component sends (protocol §4.11, §5.8). */
const componentLogins: Readonly<Record<string, string>> = {
  '/sns/jscode2session': '/sns/component/jscode2session',
  '/sns/oauth2/access_token': '/sns/oauth2/component/access_token',
  '/sns/oauth2/refresh_token': '/sns/oauth2/component/refresh_token',
};

/** The path under which a login is sent to WeChat, for either form; undefined if the path is no login. */
export function componentLoginOf(path: string): string | undefined {
  const login = Object.hasOwn(componentLogins, path) ? componentLogins[path]! : path;
  return endpointOf('GET', login).token === 'component' && login.startsWith('/sns/') ? login : undefined;
}

/** The form in which programs send this login of a component; undefined if they have none. */
export function programLoginOf(path: string): string | undefined {
  return Object.keys(componentLogins).find((login) => componentLogins[login] === path);
}

/** What a login asks, without account, platform, secret and token: the platform adds its own. */
export function loginParameters(parameters: Parameters): Parameters {
  return parameters.filter(([name]) => !isTokenParameter(name) && !IDENTITY.has(name));
}

const IDENTITY = new Set(['appid', 'secret', 'component_appid']);
