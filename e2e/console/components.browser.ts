import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment, MINI_PROGRAM, SERVICE_ACCOUNT } from '../support/deployment.ts';
import { until } from '../support/until.ts';
import { accessibilityFindings } from './axe.ts';
import { hasChromium, launchChromium } from './chromium.ts';
import { Visitor } from './visitor.ts';

const FOLDER = fileURLToPath(new URL('screenshots', import.meta.url));
/** Only ends a wait that hangs. */
const TIMEOUT_MS = 120_000;
/** More than the menu has. */
const MAX_TABS = 10;

describe.skipIf(!hasChromium)('a deployment of two components', () => {
  let deployment: Deployment;
  let browser: Browser;
  beforeAll(async () => {
    [deployment, browser] = await Promise.all([Deployment.open({ nodes: 1, components: 2 }), launchChromium()]);
    await deployment.authorized(SERVICE_ACCOUNT);
    await deployment.authorized(MINI_PROGRAM, deployment.components[1]!.appid);
  });
  afterAll(async () => {
    await browser?.close();
    await deployment?.close();
  });

  it('shows the lists of the one that the top bar chooses, by keyboard, on every screen and after a reload', async () => {
    const second = deployment.components[1]!.appid;
    const visitor = await Visitor.open(browser, deployment);
    const { page } = visitor;
    page.setDefaultTimeout(TIMEOUT_MS);
    await visitor.signIn();
    await visitor.goto('/accounts');
    const rows = page.locator('main tbody tr');
    const menu = page.getByRole('button', { name: /^平台 / });
    const showsOnly = (name: string) =>
      until(
        `only ${name}`,
        async () => (await rows.count()) === 1 && (await rows.first().textContent())?.includes(name),
      );
    const chosen = () => new URL(page.url()).searchParams.get('component');

    /** The focus is on the menu's button. */
    async function choose(word: string): Promise<void> {
      await page.keyboard.press('Enter');
      for (let tabs = 0; tabs < MAX_TABS; tabs++) {
        await page.keyboard.press('Tab');
        const focused = page.locator('button:focus');
        if ((await focused.count()) > 0 && (await focused.textContent())?.includes(word)) break;
      }
      await page.keyboard.press('Enter');
    }

    await until('both accounts are listed', async () => (await rows.count()) === 2);
    await menu.focus();
    await choose(second);
    await showsOnly('演示小程序');
    expect(chosen()).toBe(second);

    await rows.first().getByRole('link').first().click();
    await page.getByRole('heading', { level: 1, name: '演示小程序' }).waitFor();
    for (const [name, path] of [
      ['总览', '/'],
      ['调用', '/calls'],
      ['授权链接', '/links'],
      ['账号', '/accounts'],
    ] as const) {
      await page.getByRole('complementary').getByRole('link', { name, exact: true }).click();
      await page.waitForURL((url) => url.pathname === `/admin${path}`);
      expect(chosen(), name).toBe(second);
    }
    await showsOnly('演示小程序');
    await page.reload();
    await showsOnly('演示小程序');

    mkdirSync(FOLDER, { recursive: true });
    for (const width of [1280, 360]) {
      await page.setViewportSize({ width, height: 800 });
      await menu.click();
      await page.screenshot({ path: `${FOLDER}/component-menu-${width}.png` });
      expect(await accessibilityFindings(page), `${width} px`).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
      await page.keyboard.press('Escape');
    }
    await menu.focus();
    await choose('全部平台');
    await until('both accounts are listed again', async () => (await rows.count()) === 2);
    expect(chosen()).toBeNull();
    expect(await visitor.faults()).toEqual([]);
    await visitor.close();
  });
});
