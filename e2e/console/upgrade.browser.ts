import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment } from '../support/deployment.ts';
import { hasChromium, launchChromium } from './chromium.ts';
import { Visitor } from './visitor.ts';

const CHUNK = '**/admin/assets/alarms-*.js';

describe.skipIf(!hasChromium)('a page that another version has served', () => {
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

  it('reloads itself once, at the navigation that needs what is gone, and loses no form before', async () => {
    const visitor = await Visitor.open(browser, deployment);
    const { page } = visitor;
    await visitor.signIn();
    await visitor.goto('/keys/new');
    const name = page.getByRole('textbox', { name: '名称' });
    await name.fill('crm');
    let loads = 0;
    page.on('load', () => loads++);
    // The new version has no file of this name; the reloaded page has its own.
    await page.route(CHUNK, (route) => route.fulfill({ status: 404 }), { times: 1 });
    expect(await name.inputValue()).toBe('crm');
    expect(loads).toBe(0);
    await page.getByRole('link', { name: '告警' }).click();
    await page.getByRole('heading', { name: '告警', level: 1 }).waitFor();
    await expect.poll(() => loads).toBe(1);
    expect(new URL(page.url()).pathname).toBe('/admin/alarms');
    expect(await visitor.faults()).toEqual([]);
    await visitor.close();
  });

  it('shows what failed instead of reloading for ever', async () => {
    const visitor = await Visitor.open(browser, deployment);
    const { page } = visitor;
    await visitor.signIn();
    let loads = 0;
    page.on('load', () => loads++);
    await page.route(CHUNK, (route) => route.fulfill({ status: 404 }));
    await page.getByRole('link', { name: '告警' }).click();
    await page.getByText('这个页面无法显示。').waitFor();
    await expect.poll(() => loads).toBe(1);
    await visitor.close();
  });
});
