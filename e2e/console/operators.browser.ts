import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Deployment, MINI_PROGRAM, SERVICE_ACCOUNT } from '../support/deployment.ts';
import { Receiver } from '../support/receiver.ts';
import { until } from '../support/until.ts';
import { hasChromium, launchChromium } from './chromium.ts';
import { type Options, Visitor } from './visitor.ts';

const DAY_MS = 86_400_000;
const OWN_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

/** Keys and alarms, as an owner and the holder of a key see them. */
describe.skipIf(!hasChromium)('operators', () => {
  let deployment: Deployment;
  let browser: Browser;
  /** Addresses of the operator's own. */
  let own: Receiver;
  let failing: Receiver;
  beforeAll(async () => {
    [own, failing] = await Promise.all([Receiver.open(() => 204), Receiver.open(() => 503)]);
    deployment = await Deployment.open({ nodes: 1 });
    await deployment.authorized(SERVICE_ACCOUNT);
    await deployment.authorized(MINI_PROGRAM);
    const robots = `${deployment.wechat.url}/_robots`;
    await deployment.gateways[0]!.shutDown();
    const channels = [
      `wecom+${robots}/wecom/cgi-bin/webhook/send?key=story`,
      `wecom+${robots}/wecom/cgi-bin/webhook/send?key=down`,
      `dingtalk+${robots}/dingtalk/robot/send?access_token=story#SECdemo`,
      `dingtalk+${robots}/dingtalk/robot/send?access_token=story#SECwrong`,
      `feishu+${robots}/feishu/open-apis/bot/v2/hook/story#SECdemo`,
      `feishu+${robots}/feishu/open-apis/bot/v2/hook/story#SECwrong`,
      `${own.url}#${OWN_SECRET}`,
      `${failing.url}#${OWN_SECRET}`,
    ];
    await deployment.wechat.control('POST', '/robot', { kind: 'wecom', id: 'down', down: true });
    await deployment.startNode(0, { ALARM_WEBHOOKS: channels.join(',') }).says('gateway listening');
    await deployment.ready();
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await deployment?.close();
    await Promise.all([own?.close(), failing?.close()]);
  });

  const visitors: Visitor[] = [];
  afterEach(async () => {
    for (const visitor of visitors.splice(0)) {
      expect(await visitor.faults()).toEqual([]);
      await visitor.close();
    }
  });

  async function visit(options: Options = {}): Promise<Visitor> {
    const visitor = await Visitor.open(browser, deployment, options);
    visitors.push(visitor);
    return visitor;
  }

  async function visitWithKey(key: string): Promise<Visitor> {
    const visitor = await visit({ language: 'en' });
    await visitor.goto('/sign-in');
    const { page } = visitor;
    await page.getByText('API key', { exact: true }).click();
    await page.fill('input[type="password"]', key);
    await page.click('button[type="submit"]');
    await page.waitForURL((url) => !url.pathname.endsWith('/sign-in'));
    await visitor.settled();
    return visitor;
  }

  async function newKey(input: object): Promise<{ id: string; key: string }> {
    const { status, body } = await deployment.api<{ id: string; key: string }>('POST', '/v1/keys', input);
    expect(status).toBe(201);
    return body;
  }

  /** A call that waits, so that it can be cancelled. */
  async function waitingCall(): Promise<string> {
    const { body } = await deployment.api<{ id: string }>('POST', `/v1/authorizers/${SERVICE_ACCOUNT}/calls`, {
      ...{ method: 'GET', path: '/cgi-bin/user/get', waitMs: 0 },
      notBeforeAt: new Date(Date.now() + DAY_MS).toISOString(),
    });
    return body.id;
  }

  it('a key is shown once, works at once, is in the audit, and is refused after it is revoked', async () => {
    const visitor = await visit();
    await visitor.signIn();
    const { page } = visitor;
    await visitor.goto('/keys');
    await page.getByRole('link', { name: '创建密钥' }).click();
    await page.getByLabel('名称').fill('故事');
    await page.getByLabel('调用接口').check();
    await page.getByRole('button', { name: '创建密钥' }).click();
    await page.getByText('密钥已创建').waitFor();
    const key = /wxk_[0-9a-f]{16}_[\w-]{43}/.exec((await page.locator('main').textContent()) ?? '')![0];
    expect(await statusWith(deployment, key)).toBe(200);

    await page.getByRole('link', { name: '返回密钥列表' }).click();
    const row = page.getByRole('row', { name: /故事/ });
    await row.waitFor();
    expect(await page.content()).not.toContain(key);
    await row.getByRole('button', { name: '吊销' }).click();
    await page.getByRole('dialog').getByText('吊销密钥“故事”？').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: '吊销' }).click();
    await row.getByText('已吊销').waitFor();
    await until('the key is refused', async () => (await statusWith(deployment, key)) === 401);

    await visitor.goto('/keys?tab=audit');
    for (const action of ['创建密钥', '吊销密钥', '登录']) {
      await page
        .getByRole('row', { name: new RegExp(`所有者.*${action}`) })
        .first()
        .waitFor();
    }
  });

  it('the holder of a key sees what it permits, changes nothing without the scope admin, and is signed out with it', async () => {
    const scopes = ['calls', 'authorizers:read'];
    const narrow = await newKey({ name: 'support', scopes, accounts: [SERVICE_ACCOUNT] });
    const call = `/calls/${encodeURIComponent(await waitingCall())}`;
    const visitor = await visitWithKey(narrow.key);
    const { page } = visitor;
    const sidebar = page.getByRole('navigation', { name: 'Main navigation' });
    await sidebar.getByRole('link', { name: 'Calls' }).waitFor();
    for (const name of ['Keys', 'Alarms', 'Pushes']) {
      expect(await sidebar.getByRole('link', { name }).count(), name).toBe(0);
    }
    await visitor.goto(call);
    expect(await page.getByRole('button', { name: 'Cancel' }).count()).toBe(0);
    for (const [method, path, status] of [
      ['GET', `/v1/authorizers/${SERVICE_ACCOUNT}`, 200],
      ['GET', `/v1/authorizers/${MINI_PROGRAM}`, 403],
      ['GET', `/v1/calls?appid=${MINI_PROGRAM}`, 403],
      ['GET', '/v1/keys', 403],
      ['GET', '/v1/audit', 403],
      ['GET', '/v1/alarms', 403],
      ['DELETE', `/v1${call}`, 403],
    ] as const) {
      expect([method, path, await statusFromPage(page, method, path)]).toEqual([method, path, status]);
    }

    const wide = await newKey({ name: 'night shift', scopes: [...scopes, 'admin'] });
    const other = await visitWithKey(wide.key);
    await other.goto(call);
    await other.page.getByRole('button', { name: 'Cancel' }).click();
    await other.page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).last().click();
    await until('the call is cancelled', async () => {
      const { body } = await deployment.api<{ state: string }>('GET', `/v1${call}`);
      return body.state === 'cancelled';
    });

    expect((await fetchWithKey(deployment, 'DELETE', `/v1/keys/${narrow.id}`)).status).toBe(204);
    // The page asks again by itself.
    await page.waitForURL((url) => url.pathname.endsWith('/sign-in'));
  });

  it('each kind of alarm channel can be tested: what its receiver answered is shown', async () => {
    const visitor = await visit();
    await visitor.signIn();
    await visitor.goto('/alarms');
    const { page } = visitor;
    const test = async (channel: string, result: string): Promise<string> => {
      await page
        .getByRole('row', { name: new RegExp(channel) })
        .getByRole('button', { name: '发送测试' })
        .click();
      const banner = page.getByRole('status').filter({ hasText: `${channel} ${result}` });
      await banner.waitFor();
      return (await banner.textContent()) ?? '';
    };
    for (const kind of ['wecom', 'dingtalk', 'feishu', 'generic']) await test(`${kind}-1`, '已送达');
    const refusals = {
      'wecom-2': '{"error":"down"}',
      'dingtalk-2': '{"errcode":310000,"errmsg":"sign not match"}',
      'feishu-2': '"code":19021',
      'generic-2': 'HTTP 状态 503',
    };
    for (const [channel, answer] of Object.entries(refusals)) {
      expect(await test(channel, '没有送达')).toContain(answer);
    }
    const { robots } = await deployment.wechat.control<{ robots: { kind: string; messages: { text: string }[] }[] }>(
      'GET',
      '/robots',
    );
    for (const kind of ['wecom', 'dingtalk', 'feishu']) {
      const texts = robots.filter((robot) => robot.kind === kind).flatMap(({ messages }) => messages);
      expect(texts.some(({ text }) => text.includes('测试消息'))).toBe(true);
    }
    expect(own.received.map(({ body }) => JSON.parse(body).type)).toContain('alarm.test');
  });
});

function fetchWithKey(deployment: Deployment, method: string, path: string, key = deployment.apiKey) {
  return fetch(deployment.gatewayUrl() + path, { method, headers: { authorization: `Bearer ${key}` } });
}

async function statusWith(deployment: Deployment, key: string): Promise<number> {
  return (await fetchWithKey(deployment, 'GET', '/v1/status', key)).status;
}

/** The same request, sent directly from the page with its session. */
function statusFromPage(page: Page, method: string, path: string): Promise<number> {
  return page.evaluate<number>(
    `fetch(${JSON.stringify(path)}, { method: '${method}', headers: { 'x-wx-console': '1' } }).then((answer) => answer.status)`,
  );
}
