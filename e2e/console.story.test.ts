import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasChromium, launchChromium } from './console/chromium.ts';
import { Visitor } from './console/visitor.ts';
import { Deployment } from './support/deployment.ts';

describe.skipIf(!hasChromium)('the console', () => {
  let deployment: Deployment;
  let browser: Browser;
  beforeAll(async () => {
    [deployment, browser] = await Promise.all([Deployment.open({ nodes: 1 }), launchChromium()]);
    await deployment.ready();
  });
  afterAll(async () => {
    await browser?.close();
    await deployment?.close();
  });

  it('asks for the password, shows that the platform works, and after signing out nothing', async () => {
    const visitor = await Visitor.open(browser, deployment);
    const { page } = visitor;
    await visitor.goto('/');
    await page.waitForURL('**/admin/sign-in*');
    await visitor.enterPassword('a wrong password');
    await page.getByText('用户名或密码不正确。').waitFor();
    await visitor.enterPassword(deployment.adminPassword);
    await page.getByText('可以工作').waitFor();
    await page.getByRole('button', { name: '当前身份' }).click();
    await page.getByRole('button', { name: '退出登录' }).click();
    await page.waitForURL('**/admin/sign-in*');
    await visitor.goto('/');
    await page.waitForURL('**/admin/sign-in*');
    expect(await visitor.faults()).toEqual([]);
    await visitor.close();
  });
});
