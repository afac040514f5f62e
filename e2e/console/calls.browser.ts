import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { untilDayLasts } from '../../packages/platform/test/until-day-lasts.ts';
import { DeliveryEndpoint } from '../support/delivery-endpoint.ts';
import { type CallBody, Deployment, SERVICE_ACCOUNT } from '../support/deployment.ts';
import { settledCall } from '../support/load.ts';
import { follower, SEND_MESSAGE } from '../support/tally.ts';
import { until } from '../support/until.ts';
import { hasChromium, launchChromium } from './chromium.ts';
import { Visitor } from './visitor.ts';

const LIST_FOLLOWERS = '/cgi-bin/user/get';
/** More than these tests need. */
const DAY_LASTS_MS = 120_000;
/** More than any screen has. */
const MAX_TABS = 60;

describe.skipIf(!hasChromium)('calls and pushes in the console', () => {
  let deployment: Deployment;
  let browser: Browser;
  let visitor: Visitor;
  let page: Page;
  let openid: string;
  beforeAll(async () => {
    [deployment, browser] = await Promise.all([Deployment.open({ nodes: 1 }), launchChromium()]);
    await deployment.authorized();
    openid = await follower(deployment);
    visitor = await Visitor.open(browser, deployment);
    page = visitor.page;
    await visitor.signIn();
  });
  afterAll(async () => {
    await browser?.close();
    await deployment?.close();
  });

  const shows = (text: string | RegExp) => page.getByText(text).first().waitFor();
  const send = (content: string) => {
    const body = { touser: openid, msgtype: 'text', text: { content } };
    return deployment.call(SERVICE_ACCOUNT, { method: 'POST', path: SEND_MESSAGE, body });
  };

  describe('a call that WeChat refuses since its quota is used up', () => {
    let id: string;
    // The quota opens again at midnight in Beijing.
    beforeAll(async () => {
      await untilDayLasts(DAY_LASTS_MS);
      const quota = { appid: SERVICE_ACCOUNT, path: LIST_FOLLOWERS, daily: 1 };
      await deployment.wechat.control('POST', '/quota', quota);
      id = await until('WeChat refuses a call', async () => {
        const { body } = await deployment.call(SERVICE_ACCOUNT, { method: 'GET', path: LIST_FOLLOWERS });
        return body.response?.body.errcode === 45_009 && body.id;
      });
      const failed = `/v1/calls?component=${deployment.component.appid}&failed=true&errcode=45009`;
      await until('it is listed', async () => {
        const { body } = await deployment.api<{ items: CallBody[] }>('GET', failed);
        return body.items.some((call) => call.id === id);
      });
    });

    const explained = {
      zh: [
        '微信拒绝了这次调用：45009',
        '接口当日调用次数已用完',
        '请在北京时间次日零点后重试',
        '额度重新开放',
        '当前额度',
      ],
      en: [
        'WeChat refused the call: 45009',
        'try again after midnight in Beijing',
        'The quota opens again',
        'Quota now',
      ],
    };

    it('is found from the overview with two clicks, and explained in both languages', async () => {
      await visitor.goto('/');
      await page.getByRole('main').getByRole('link', { name: '调用', exact: true }).click();
      await page.locator('tr', { hasText: '45009' }).getByRole('link').first().click();
      await page.waitForURL(`**/calls/${id}`);
      for (const text of explained.zh) await shows(text);
      await page.getByRole('button', { name: 'English' }).click();
      for (const text of explained.en) await shows(text);
      await page.getByRole('button', { name: '中文' }).click();
      expect(await visitor.faults()).toEqual([]);
    });

    it('is found by keyboard only', async () => {
      await visitor.goto('/');
      await tabTo('调用');
      await page.keyboard.press('Enter');
      await page.waitForURL('**/calls');
      await page.locator('tr', { hasText: '45009' }).first().waitFor();
      await tabTo(/\d\d:\d\d:\d\d/);
      await page.keyboard.press('Enter');
      await page.waitForURL(`**/calls/${id}`);
      for (const text of explained.zh) await shows(text);
    });

    // A browser that shows a page at twice its size has half the pixels for it.
    it.each([
      ['at twice its size', 640],
      ['on a phone', 360],
    ])('is explained %s, without a scroll bar below', async (_where, width) => {
      await page.setViewportSize({ width, height: 640 });
      try {
        await visitor.goto(`/calls/${id}`);
        for (const text of explained.zh) await shows(text);
        const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
        expect(overflow).toBeLessThanOrEqual(0);
      } finally {
        await page.setViewportSize({ width: 1280, height: 800 });
      }
    });

    async function tabTo(name: string | RegExp): Promise<void> {
      for (let tabs = 0; tabs < MAX_TABS; tabs++) {
        await page.keyboard.press('Tab');
        const focused = page.locator('a:focus');
        const text = (await focused.count()) === 0 ? '' : ((await focused.textContent()) ?? '').trim();
        if (typeof name === 'string' ? text === name : name.test(text)) return;
      }
      throw new Error(`no link ${name} is reached by the Tab key`);
    }
  });

  it('an unknown outcome is explained with what is known of each attempt, and offers no repetition', async () => {
    await deployment.wechat.control('POST', '/fail', { path: SEND_MESSAGE, how: 'reset', at: 'after' });
    const { body } = await send('lost on the way');
    expect(body.failure?.code).toBe('outcome_unknown');
    await settledCall(deployment, body.id);
    await visitor.goto(`/calls/${body.id}`);
    await shows('结果未知：微信可能已经执行，也可能没有');
    await shows(/第 1 次发送.*没有回答（连接中断）/);
    await shows('请先在微信侧查询');
    expect(
      await page
        .getByRole('main')
        .getByRole('button', { name: /重发|重试|再次/ })
        .count(),
    ).toBe(0);
    expect(await visitor.faults()).toEqual([]);
  });

  it('a completed inline call shows its outcome, and that its answer is not kept', async () => {
    const { body } = await send('accepted');
    await settledCall(deployment, body.id);
    await visitor.goto(`/calls/${body.id}`);
    await shows('微信已接受这次调用');
    await shows('没有保存：调用方已经收到');
    await shows('只记录了结果');
    await visitor.goto(`/calls?appid=${SERVICE_ACCOUNT}`);
    await page.getByRole('row', { name: /成功/ }).first().waitFor();
  });

  it('a subscription that is down shows why and what it has missed; after it is resumed all is delivered', async () => {
    const endpoint = await DeliveryEndpoint.open(() => 500);
    try {
      const { body } = await deployment.api<{ id: string }>('POST', '/v1/subscriptions', {
        name: '报表',
        url: endpoint.url(),
        filter: { types: ['message.text'] },
      });
      const texts = Array.from({ length: 10 }, (_, i) => `text ${i}`);
      await Promise.all(texts.map(push));
      await visitor.goto('/pushes');
      await page.getByRole('row', { name: /报表.*投递失败.*HTTP 500/ }).waitFor();
      await page.getByRole('link', { name: '报表' }).click();
      await page.waitForURL(`**/subscriptions/${body.id}`);
      await shows('接收地址不可用');
      await shows('回答的状态不是 2xx（HTTP 500）');
      await shows('下次尝试');

      await act('暂停');
      await shows('已手动暂停');
      endpoint.answer = () => 204;
      const before = endpoint.received.length;
      await push('while it was paused');
      await act('恢复');
      const all = texts.length + 1;
      await until('all arrive', () => new Set(endpoint.received.slice(before).map(({ id }) => id)).size === all);
      await page.getByText('无积压').waitFor();
      await page
        .getByRole('row', { name: /已送达/ })
        .nth(1)
        .waitFor();

      // Everything again, on request.
      const replayedFrom = endpoint.received.length;
      await page.getByRole('main').getByRole('button', { name: '补发', exact: true }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByText('向“报表”补发推送').waitFor();
      await dialog.getByLabel('从').selectOption('1h');
      await dialog.getByLabel('范围').selectOption('all');
      await dialog.getByText('接收方会重复收到').waitFor();
      await dialog.getByRole('button', { name: '补发', exact: true }).click();
      await page
        .getByRole('status')
        .filter({ hasText: `补发 ${all} 条` })
        .waitFor();
      const again = () => new Set(endpoint.received.slice(replayedFrom).map(({ id }) => id)).size;
      await until('all arrive again', () => again() === all);
      expect(await visitor.faults()).toEqual([]);
    } finally {
      await endpoint.close();
    }
  });

  async function push(content: string): Promise<void> {
    const fields = { MsgType: 'text', Content: content };
    await deployment.wechat.control('POST', '/push', { url: 'messages', appid: SERVICE_ACCOUNT, fields });
  }

  /** The button, and the one of the dialog that asks whether it is meant. */
  async function act(name: string): Promise<void> {
    await page.getByRole('main').getByRole('button', { name, exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name, exact: true }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  }
});
