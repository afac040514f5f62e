import { createRequire } from 'node:module';
import { SDK_OPTIONS } from './sdk.ts';
import { type Anything, start } from './wechat-programs.ts';

const require = createRequire(import.meta.url);
const WECHAT = 'https://api.weixin.qq.com';

/** How an existing program reaches the gateway: with its address, and an API key as the account's secret. */
export interface LoginSettings {
  readonly base: string;
  readonly component: string;
  readonly appid: string;
  readonly secret: string;
}

export interface User {
  readonly openid: string;
  readonly nickname: string;
}

/** A program that logs users in to its web pages, built with an unmodified npm package. */
export interface LoginProgram {
  /** WeChat's page to which it sends a browser. */
  consentUrl(redirectUri: string, state: string): string | Promise<string>;
  /** The user who came back with this code. */
  userOf(code: string): Promise<User>;
  close?(): Promise<void>;
}

type OAuthClass = new (appid: string, secret: string) => Anything;

/** Of an address that a package makes; WeChat requires the component there (protocol §4.11). */
function withComponent(url: string, component: string): string {
  return url.replace('#', `&component_appid=${component}#`);
}

/** npm `wechat-oauth`; its base URL is fixed, so all its requests pass the one method that a subclass replaces. */
export function wechatOAuth({ base, component, appid, secret }: LoginSettings): Anything {
  const OAuth = require('wechat-oauth') as OAuthClass;
  class GatewayOAuth extends OAuth {
    request(url: string, options: unknown, callback: unknown): void {
      super.request(url.replace(WECHAT, base), options, callback);
    }
    getAuthorizeURL(...parameters: unknown[]): string {
      return withComponent(super.getAuthorizeURL(...parameters), component);
    }
  }
  const oauth = new GatewayOAuth(appid, secret);
  oauth.setOpts(SDK_OPTIONS);
  return oauth;
}

/** npm `co-wechat-oauth`, likewise. */
export function coWechatOAuth({ base, component, appid, secret }: LoginSettings): Anything {
  const OAuth = require('co-wechat-oauth') as OAuthClass;
  class GatewayOAuth extends OAuth {
    request(url: string, options: unknown): Promise<unknown> {
      return super.request(url.replace(WECHAT, base), options);
    }
    getAuthorizeURL(...parameters: unknown[]): string {
      return withComponent(super.getAuthorizeURL(...parameters), component);
    }
  }
  const oauth = new GatewayOAuth(appid, secret);
  oauth.setOpts(SDK_OPTIONS);
  return oauth;
}

/** The answer of a method whose last argument is a callback. */
export function answerOf(call: (done: (error: Error | null, answer: Anything) => void) => void): Promise<Anything> {
  return new Promise((resolve, reject) => call((error, answer) => (error ? reject(error) : resolve(answer))));
}

export function startWechatOAuth(settings: LoginSettings): LoginProgram {
  const oauth = wechatOAuth(settings);
  return {
    consentUrl: (redirectUri, state) => oauth.getAuthorizeURL(redirectUri, state, 'snsapi_userinfo'),
    userOf: (code) => answerOf((done) => oauth.getUserByCode(code, done)),
  };
}

export function startCoWechatOAuth(settings: LoginSettings): LoginProgram {
  const oauth = coWechatOAuth(settings);
  return {
    consentUrl: (redirectUri, state) => oauth.getAuthorizeURL(redirectUri, state, 'snsapi_userinfo'),
    userOf: (code) => oauth.getUserByCode(code),
  };
}

/** npm `passport-wechat` on Express: a strategy for npm `passport`, with npm `wechat-oauth` inside. */
export async function startPassportWechat(settings: LoginSettings): Promise<LoginProgram> {
  const express = require('express') as Anything;
  const { Strategy } = require('passport-wechat') as Anything;
  const { Passport } = createRequire(require.resolve('passport-wechat'))('passport') as Anything;
  const passport = new Passport();
  const options = { appID: settings.appid, appSecret: settings.secret };
  const verify = (_token: string, _refreshToken: string, user: User, _expiresIn: number, done: Anything) =>
    done(null, user);
  const strategy = new Strategy(options, verify);
  strategy._oauth = wechatOAuth(settings);
  passport.use(strategy);
  const app = express().use(passport.initialize());
  app.get('/login', (request: Anything, response: Anything, next: Anything) => {
    const { callback: callbackURL, sent: state } = request.query;
    passport.authenticate('wechat', { session: false, callbackURL, state })(request, response, next);
  });
  app.get('/back', passport.authenticate('wechat', { session: false }), (request: Anything, response: Anything) =>
    response.json(request.user),
  );
  const { url, close } = await start(() => app);
  const base = new URL(url).origin;
  return {
    async consentUrl(redirectUri, state) {
      const query = new URLSearchParams({ callback: redirectUri, sent: state });
      const { headers } = await fetch(`${base}/login?${query}`, { redirect: 'manual' });
      return headers.get('location')!;
    },
    async userOf(code) {
      const response = await fetch(`${base}/back?code=${code}&state=s`);
      if (!response.ok) throw new Error(`passport-wechat: ${response.status} ${await response.text()}`);
      return (await response.json()) as User;
    },
    close,
  };
}

/** npm `wechat-jssdk`: addresses are options. */
export function startWechatJssdk({ base, component, appid, secret }: LoginSettings): LoginProgram {
  const { OAuth, Store } = require('wechat-jssdk') as Anything;
  const oauth = new OAuth({ appId: appid, appSecret: secret, apiUrl: base, store: new Store() });
  return {
    consentUrl: (redirectUri, state) =>
      withComponent(oauth.generateOAuthUrl(redirectUri, 'snsapi_userinfo', state), component),
    userOf: (code) => oauth.getUserInfo(code),
  };
}

/** npm `node-easywechat`, its OfficialAccount. */
export function startEasyWeChatLogin({ base, component, appid, secret }: LoginSettings): LoginProgram {
  const { OfficialAccount } = require('node-easywechat') as Anything;
  const app = new OfficialAccount({ app_id: appid, secret, http: { baseURL: base } });
  const oauth = () => {
    const provider = app.getOAuth();
    provider._baseUrl = `${base}/sns`;
    return provider.with({ component_appid: component });
  };
  return {
    consentUrl: (redirectUri, state) => oauth().withState(state).redirect(redirectUri),
    async userOf(code) {
      const user = await oauth().userFromCode(code);
      return { openid: user.getId(), nickname: user.getNickname() };
    },
  };
}
