import { createRequire } from 'node:module';
import { createContext, runInContext } from 'node:vm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Example, installExample } from '../packages/sdk/test/example.ts';
import { Deployment, SERVICE_ACCOUNT } from './support/deployment.ts';
import { freePort } from './support/free-port.ts';
import { coWechatApi, type Sdk, wechatApi } from './support/sdk.ts';
import { until } from './support/until.ts';
import type { Anything } from './support/wechat-programs.ts';

const PAGE = 'https://shop.example.com/page?from=singlemessage&isappinstalled=0';
const GETTICKET = 'GET /cgi-bin/ticket/getticket';

interface JsConfig {
  readonly appId: string;
  readonly timestamp: number | string;
  readonly nonceStr: string;
  readonly signature: string;
}

let deployment: Deployment;
let example: Example;
beforeAll(async () => {
  [deployment, example] = await Promise.all([
    Deployment.open({ nodes: 2 }),
    installExample('js-sdk.mjs', 'js-sdk.html'),
  ]);
  await deployment.authorized();
});
afterAll(() => Promise.all([deployment?.close(), example?.remove()]));

/** As WeChat's app verifies a page: with the ticket that WeChat issued. */
async function verified({ appId, timestamp, nonceStr, signature }: JsConfig, url: string): Promise<string> {
  const query = new URLSearchParams({ appId, timestamp: String(timestamp), nonceStr, signature, url });
  const response = await fetch(`${deployment.wechat.url}/_jssdk/verify?${query}`);
  return ((await response.json()) as { errMsg: string }).errMsg;
}

it('twenty programs that have pages signed by two nodes cost one request to WeChat, and every signature is valid', async () => {
  const sign = (node: number) =>
    deployment.api<JsConfig>('POST', `/v1/authorizers/${SERVICE_ACCOUNT}/js-config`, { url: `${PAGE}#/inner` }, node);
  const signed = await Promise.all(Array.from({ length: 20 }, (_, i) => sign(i % 2)));
  for (const { status, body } of signed) {
    expect(status).toBe(200);
    expect(body).toMatchObject({ appId: SERVICE_ACCOUNT, timestamp: expect.any(Number) });
    expect(await verified(body, PAGE)).toBe('config:ok');
    expect(await verified(body, `${PAGE}#/inner`)).toBe('config:invalid signature');
  }
  expect(await deployment.wechat.asked(GETTICKET)).toBe(1);
});

/** npm node-easywechat unmodified, for one official account. */
function easyWeChat(baseURL: string): Anything {
  const { OfficialAccount } = createRequire(import.meta.url)('node-easywechat') as Anything;
  const app = new OfficialAccount({ app_id: SERVICE_ACCOUNT, secret: deployment.apiKey, http: { baseURL } });
  const cached = new Map<string, unknown>();
  app.setCache({
    get: async (key: string) => cached.get(key),
    has: async (key: string) => cached.has(key),
    set: async (key: string, value: unknown) => cached.set(key, value),
    delete: async (key: string) => cached.delete(key),
  });
  return app;
}

it('unmodified SDKs sign with the same ticket, without a further request to WeChat; cards have one of their own', async () => {
  const [one, other] = [deployment.gatewayUrl(0), deployment.gatewayUrl(1)];
  const ofCallbacks: Sdk = wechatApi(one, SERVICE_ACCOUNT, deployment.apiKey);
  const ofPromises: Sdk = coWechatApi(other, SERVICE_ACCOUNT, deployment.apiKey);
  const param = { debug: false, jsApiList: ['scanQRCode'], url: PAGE };
  const configs: Record<string, JsConfig> = {
    'wechat-api': await ofCallbacks.getJsConfig!(param),
    'co-wechat-api': await ofPromises.getJsConfig!(param),
    'node-easywechat': await easyWeChat(other).getUtils().buildJsSdkConfig(PAGE, ['scanQRCode']),
  };
  for (const [name, config] of Object.entries(configs))
    expect([name, await verified(config, PAGE)]).toEqual([name, 'config:ok']);
  expect(await deployment.wechat.asked(GETTICKET)).toBe(1);

  const [ofCards, again, ofPages] = [
    await ofCallbacks.getTicket!('wx_card'),
    await ofPromises.getTicket!('wx_card'),
    await ofPromises.getTicket!('jsapi'),
  ];
  expect(ofCards.ticket).toMatch(/^\S{20,}$/);
  expect(again.ticket).toBe(ofCards.ticket);
  expect(ofPages.ticket).not.toBe(ofCards.ticket);
  expect(await deployment.wechat.asked(GETTICKET)).toBe(2);
});

it('the page of the example configures itself with WeChat’s script, and its server signs no page of another site', async () => {
  const port = String(await freePort());
  const url = await example.start({
    APPID: SERVICE_ACCOUNT,
    API_KEY: deployment.apiKey,
    GATEWAY: deployment.gatewayUrl(),
    PORT: port,
    JWEIXIN: deployment.wechat.url,
  });
  const page = await (await fetch(url)).text();
  // WeChat's own script has this address.
  const src = /<script src="([^"]+)"/.exec(page)![1]!;
  expect(src).toBe(`${deployment.wechat.url}/open/js/jweixin-1.6.0.js`);
  const state = { textContent: '' };
  const window: Anything = {};
  const browser = createContext({
    window,
    location: { href: `${url}?from=timeline#/inner` },
    document: { title: 'JS-SDK', currentScript: { src }, getElementById: () => state },
    fetch: (path: string) => fetch(new URL(path, url)),
    URL,
    URLSearchParams,
  });
  runInContext(await (await fetch(src)).text(), browser);
  Object.assign(browser, { wx: window.wx });
  runInContext(/<script>([\s\S]*?)<\/script>/.exec(page)![1]!, browser);
  await until('the page is configured', () => state.textContent !== '');
  expect(state.textContent).toBe('配置成功，可以分享给朋友。');

  const foreign = await fetch(`${url}js-config?url=${encodeURIComponent('https://evil.example.com/')}`);
  expect(foreign.status).toBe(403);
});
