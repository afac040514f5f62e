import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Deployment, SERVICE_ACCOUNT } from '../support/deployment.ts';
import { hasChromium, launchChromium } from './chromium.ts';
import { Visitor } from './visitor.ts';

describe.skipIf(!hasChromium)('the overview, without a reload,', () => {
  let deployment: Deployment;
  let browser: Browser;
  let visitor: Visitor;
  beforeAll(async () => {
    [deployment, browser] = await Promise.all([Deployment.open({ nodes: 1 }), launchChromium()]);
    await deployment.authorized(SERVICE_ACCOUNT);
  });
  afterAll(async () => {
    await browser?.close();
    await deployment?.close();
  });
  beforeEach(async () => {
    visitor = await Visitor.open(browser, deployment);
    await visitor.signIn();
    await visitor.page.getByText('可以工作', { exact: true }).waitFor();
    await visitor.page.evaluate('window.stillTheSamePage = true');
  });
  afterEach(async () => {
    expect(await visitor.page.evaluate('window.stillTheSamePage')).toBe(true);
    expect(await visitor.faults()).toEqual([]);
    await visitor.close();
  });

  it('names the component and the cause when it cannot work, and that it works again', async () => {
    const { page } = visitor;
    const { wechat, component } = deployment;
    await wechat.control('POST', '/ticket-service', { on: false });
    await wechat.control('POST', '/expire', { token: 'ticket' });
    await wechat.control('POST', '/expire', { token: 'component' });
    await wechat.control('POST', '/expire', { token: 'authorizer', appid: SERVICE_ACCOUNT });
    // Whatever needs a new token finds out that there is none.
    await deployment.call(SERVICE_ACCOUNT, { method: 'GET', path: '/cgi-bin/user/get', waitMs: 0 });
    await page.getByText('不能工作：1 个原因').waitFor({ timeout: 120_000 });
    const reason = page.getByText('无法获取令牌。');
    await reason.waitFor();
    expect(await reason.textContent()).toContain(component.appid);

    await wechat.control('POST', '/ticket-service', { on: true });
    await wechat.control('POST', '/tick');
    await page.getByText('可以工作', { exact: true }).waitFor({ timeout: 120_000 });
  });

  it('keeps what it last knew while Redis is away, says so, and recovers', async () => {
    const { page } = visitor;
    const appid = page.getByRole('table', { name: '平台' }).getByText(deployment.component.appid);
    await appid.waitFor();
    await deployment.redis.stop();
    await page.getByText('Redis 没有响应。检查 Redis 服务和网络').waitFor({ timeout: 120_000 });
    await page
      .getByText(/显示的是.*前的数据。/)
      .first()
      .waitFor({ timeout: 120_000 });
    expect(await appid.isVisible()).toBe(true);

    await deployment.redis.restart();
    await page.getByText('可以工作', { exact: true }).waitFor({ timeout: 120_000 });
    await page
      .getByText(/显示的是.*前的数据。/)
      .first()
      .waitFor({ state: 'detached', timeout: 120_000 });
  });
});
