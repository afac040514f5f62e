import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inDatabase } from '../support/database.ts';
import { Deployment, SERVICE_ACCOUNT } from '../support/deployment.ts';
import { syncReaches } from '../support/follower-syncs.ts';
import { accountNumber, storeManyAccounts } from '../support/many-accounts.ts';
import { hasChromium, launchChromium } from './chromium.ts';
import { Visitor } from './visitor.ts';

const SLOW = 'wx00000000000000c6';
/** So many that a sync has not ended before a busy browser has shown its progress. */
const FOLLOWERS = 60_000;
const BATCH_PATH = '/cgi-bin/user/info/batchget';
const STORED = 100_000;

describe.skipIf(!hasChromium)('accounts, syncs and links in the console', () => {
  let deployment: Deployment;
  let browser: Browser;
  let visitor: Visitor;
  let page: Page;
  beforeAll(async () => {
    const slow = { appid: SLOW, kind: 'official-account', nickName: '慢号', followers: FOLLOWERS } as const;
    const service = { appid: SERVICE_ACCOUNT, kind: 'official-account', nickName: '演示服务号' } as const;
    [deployment, browser] = await Promise.all([
      Deployment.open({ nodes: 1, accounts: [service, slow] }),
      launchChromium(),
    ]);
    await deployment.authorized();
    await deployment.authorized(SLOW);
    await inDatabase(deployment, (sql) => storeManyAccounts(sql, deployment.component.appid, STORED));
    visitor = await Visitor.open(browser, deployment);
    page = visitor.page;
    await visitor.signIn();
  });
  afterAll(async () => {
    await browser?.close();
    await deployment?.close();
  });

  const rows = () => page.locator('tbody tr');
  const rowOf = (name: string) => page.locator('tbody tr', { hasText: name });

  describe(`an account among ${STORED.toLocaleString('en')}`, () => {
    const { nickName, handle, userName } = accountNumber(88_117);

    it.each([
      ['a part of its nickname', nickName.slice(4)],
      ['its handle', handle],
      ['its original id', userName],
    ])('is found by %s', async (_how, text) => {
      await visitor.goto('/accounts');
      await page.fill('main [data-search]', text);
      await expect.poll(() => rows().count()).toBe(1);
      await rowOf(nickName).waitFor();
      expect(new URL(page.url()).searchParams.get('q')).toBe(text);
    });

    it('stays found after a reload, and after going back to it', async () => {
      await visitor.goto(`/accounts?q=${handle}`);
      await rowOf(nickName).getByRole('link').first().click();
      await page.getByRole('heading', { level: 1, name: nickName }).waitFor();
      await page.goBack();
      await rowOf(nickName).waitFor();
      expect(await page.inputValue('main [data-search]')).toBe(handle);
      await page.reload();
      await rowOf(nickName).waitFor();
      await expect.poll(() => rows().count()).toBe(1);
    });

    it('is on the same page of a filtered list after a reload, after going back, and in another browser by its address', async () => {
      await visitor.goto('/accounts');
      await page.getByLabel('状态').selectOption('revoked');
      await expect.poll(() => rows().count()).toBe(50);
      await page.getByRole('link', { name: '下一页' }).click();
      await page.getByText('第 51–60 条').waitFor();
      // Not its whole text, in which times may pass.
      const firstName = (of: Page) => of.locator('tbody tr').first().getByRole('link').first().textContent();
      const first = await firstName(page);
      await page.reload();
      await page.getByText('第 51–60 条').waitFor();
      await expect.poll(() => firstName(page)).toBe(first);
      const shared = page.url();
      await rows().first().getByRole('link').first().click();
      await page.getByRole('heading', { level: 1, name: /门店\d+号/ }).waitFor();
      await page.goBack();
      await page.getByText('第 51–60 条').waitFor();
      await expect.poll(() => firstName(page)).toBe(first);
      expect(await visitor.faults()).toEqual([]);

      const other = await Visitor.open(browser, deployment);
      try {
        await other.signIn();
        await other.page.goto(shared);
        await other.page.getByText('第 51–60 条').waitFor();
        await expect.poll(() => firstName(other.page)).toBe(first);
        expect(await other.page.getByLabel('状态').inputValue()).toBe('revoked');
        expect(await other.faults()).toEqual([]);
      } finally {
        await other.close();
      }
    });
  });

  it('a link for an account that authorizes again has its address, a QR code, and shows that it was opened', async () => {
    await visitor.goto(`/accounts/${SERVICE_ACCOUNT}`);
    await page.getByRole('link', { name: '重新授权链接' }).click();
    expect(await page.getByLabel('账号 appid').inputValue()).toBe(SERVICE_ACCOUNT);
    await page.getByRole('button', { name: '创建', exact: true }).click();
    await page.getByRole('img', { name: '授权链接的二维码' }).waitFor();
    await page.getByText('待打开').first().waitFor();
    const address = await page.getByText(/\/authorize\/.*link=/).textContent();
    await fetch(address!);
    await page.getByText('已打开').first().waitFor();
    await visitor.goto('/links');
    await rowOf(SERVICE_ACCOUNT).getByText('已打开').waitFor();
    expect(await visitor.faults()).toEqual([]);
  });

  it('a follower sync is started, watched without a reload, paused, resumed and cancelled; a second browser shows the same', async () => {
    const delay = (ms: number) => deployment.wechat.control('POST', '/delay', { path: BATCH_PATH, ms });
    await delay(300);
    const other = await Visitor.open(browser, deployment, { language: 'en' });
    try {
      await other.signIn();
      await visitor.goto(`/accounts/${SLOW}?tab=followers`);
      await page.getByRole('button', { name: '立即同步' }).click();
      const progress = page.getByText(new RegExp(`获取资料 [1-9][\\d,]* / ${FOLLOWERS.toLocaleString('zh-CN')}`));
      await progress.waitFor();
      const seen = await progress.textContent();
      // The events of the sync, since the page is not loaded again.
      await expect.poll(() => progress.textContent()).not.toBe(seen);
      // From here on it needs minutes, so that it cannot end before it is cancelled. Not longer for one batch: a sync goes on
      // when the batch that was in flight has ended.
      await deployment.wechat.control('DELETE', '/faults');
      await delay(8_000);

      await page.getByRole('button', { name: '暂停' }).click();
      await page.locator('tbody').getByText('已暂停').waitFor();
      await other.goto('/syncs');
      await other.page.locator('tr', { hasText: SLOW }).getByText('Paused').waitFor();
      await page.getByRole('button', { name: '继续' }).click();
      await page.locator('tbody').getByText('进行中').waitFor();
      await other.page.locator('tr', { hasText: SLOW }).getByText('Running').waitFor();
      await page.getByRole('button', { name: '取消同步' }).click();
      await page.getByRole('dialog').getByRole('button', { name: '取消同步' }).click();
      await page.locator('tbody').getByText('已撤销').waitFor();
      await other.page.locator('tr', { hasText: SLOW }).getByText('Cancelled').waitFor();
      expect([await visitor.faults(), await other.faults()]).toEqual([[], []]);
    } finally {
      await other.close();
      await deployment.wechat.control('DELETE', '/faults');
      await deployment.wechat.control('POST', '/release');
    }
    const { body } = await deployment.api<{ items: { id: string }[] }>('GET', '/v1/follower-syncs');
    await syncReaches(deployment, body.items[0]!.id, 'cancelled', ({ state }) => state === 'cancelled');
  });
});
