import type { Browser, Locator } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newDatabase } from '../../packages/platform/test/mariadb-for-all.ts';
import { type MariaDbServer, startMariaDb } from '../../packages/platform/test/mariadb-server.ts';
import { Deployment, SERVICE_ACCOUNT } from '../support/deployment.ts';
import { until } from '../support/until.ts';
import { hasChromium, launchChromium } from './chromium.ts';
import { pathOf, screens } from './screens.ts';
import { reach } from './stages.ts';
import { Visitor } from './visitor.ts';

/** Only ends a wait that hangs. */
const TIMEOUT_MS = 120_000;
const OLD_DATA = /显示的是.*的数据。/;
/** What the frame reads, whatever screen is open. */
const OPEN_ALARMS = '/v1/alarms?state=open';
const isOfScreen = (url: string) => url.includes('/v1/') && !url.endsWith(OPEN_ALARMS);
/** A row of a list, or a fact about one thing. */
const DATA = 'main tbody tr, main dd';

describe.skipIf(!hasChromium)('without a reload,', () => {
  let database: MariaDbServer;
  let deployment: Deployment;
  let browser: Browser;
  let visitor: Visitor;
  /** Of every screen that reads something. */
  let paths: [name: string, path: string, needsDatabase: boolean][];
  beforeAll(async () => {
    [database, browser] = await Promise.all([startMariaDb(), launchChromium()]);
    deployment = await Deployment.open({ nodes: 1, env: { DATABASE_URL: await newDatabase(database) } });
    await reach('full', deployment);
    paths = [];
    for (const screen of screens.filter(({ isForm }) => !isForm)) {
      paths.push([screen.name, await pathOf(screen, { deployment }), screen.needsDatabase ?? false]);
    }
  });
  afterAll(async () => {
    await browser?.close();
    await deployment?.close();
    await database?.stop();
  });
  beforeEach(async () => {
    visitor = await Visitor.open(browser, deployment);
    visitor.page.setDefaultTimeout(TIMEOUT_MS);
    await visitor.signIn();
    await visitor.page.getByText('可以工作', { exact: true }).waitFor();
    await visitor.page.evaluate('window.stillTheSamePage = true');
  });
  afterEach(async () => {
    expect(await visitor.page.evaluate('window.stillTheSamePage')).toBe(true);
    expect(await visitor.faults()).toEqual([]);
    await visitor.close();
  });

  it('the overview names the component and the cause when it cannot work, and that it works again', async () => {
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

  const oldData = () => visitor.page.getByText(OLD_DATA);
  const isShown = async (locator: Locator) => (await locator.count()) > 0;

  /** Visits every screen while all works; what is returned names those that show data. */
  async function visitAll(): Promise<Set<string>> {
    const full = new Set<string>();
    for (const [name, path] of paths) {
      await visitor.walk(path);
      await visitor.settled();
      if (await isShown(visitor.page.locator(DATA))) full.add(name);
    }
    return full;
  }

  /** Old data with its age, what to do, and a way to retry. */
  async function showsOldData(name: string, full: ReadonlySet<string>): Promise<void> {
    const { page } = visitor;
    const parts = [oldData(), page.getByText('稍后会自动重试'), page.getByRole('button', { name: '重试' })];
    await until(`${name} shows old data, what to do, and a way to retry`, async () => {
      return (await Promise.all(parts.map(isShown))).every(Boolean);
    });
    expect(await isShown(page.locator(DATA)), `${name} shows its data`).toBe(full.has(name));
  }

  /** The screen that is open, by itself. */
  async function recovers(): Promise<void> {
    await until('the screen has recovered', async () => !(await isShown(oldData())));
  }

  it('every screen keeps its data while Redis is away, and recovers', async () => {
    const { page } = visitor;
    const full = await visitAll();
    await deployment.redis.stop();
    for (const [name, path] of paths) {
      await visitor.walk(path);
      await showsOldData(name, full);
    }
    await visitor.walk('/');
    await page.getByText('Redis 没有响应。检查 Redis 服务和网络').waitFor();

    // It is read once while all works.
    const [, settledCall] = paths.find(([name]) => name === 'call-refused')!;
    await visitor.walk(settledCall);
    await showsOldData('call-refused', full);

    await deployment.redis.restart();
    await recovers();
    for (const [name, path] of paths) {
      await visitor.walk(path);
      await until(`${name} has recovered`, async () => !(await isShown(oldData())));
    }
    await visitor.walk('/');
    await page.getByText('可以工作', { exact: true }).waitFor();
  });

  it('the screens that need only Redis work while the database is away; the others keep their data, and recover', async () => {
    const { page } = visitor;
    const full = await visitAll();
    await database.kill();
    for (const [name, path, needsDatabase] of paths) {
      if (needsDatabase) {
        await visitor.walk(path);
        await showsOldData(name, full);
        continue;
      }
      const answered = page.waitForResponse((response) => isOfScreen(response.url()) && response.ok());
      await visitor.walk(path);
      await answered;
      expect(await oldData().allTextContents(), name).toEqual([]);
    }
    await visitor.walk('/');
    await page.getByText('数据库没有响应：收发照常').waitFor();
    await visitor.walk('/accounts');
    await showsOldData('accounts', full);

    await database.restart();
    await recovers();
    await visitor.walk('/');
    await page.getByText('可以工作', { exact: true }).waitFor();
  });
});
