import { mkdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { hasChromium, launchChromium } from './chromium.ts';
import { Demo } from './demo.ts';
import { Visitor } from './visitor.ts';

/** `PICTURES=1` writes those of the documentation again; otherwise they are only taken. */
const WRITES = process.env.PICTURES === '1';
const FOLDER = fileURLToPath(new URL(WRITES ? '../../docs/images' : 'screenshots/pictures', import.meta.url));
/** The demo makes about thirty a minute. */
const CALLS_IN_PICTURES = 100;
const MAX_BYTES = 130_000;

describe.skipIf(!hasChromium)('the pictures of the documentation', () => {
  let demo: Demo;
  let browser: Browser;
  beforeAll(async () => {
    mkdirSync(FOLDER, { recursive: true });
    [demo, browser] = await Promise.all([Demo.start(), launchChromium()]);
    if (WRITES) await until('the charts have something to show', () => hasCalls(demo), 600_000);
  });
  afterAll(async () => {
    await browser?.close();
    await demo?.close();
  });

  it.each([
    ['console-overview', 'en', 'light', 760, '/'],
    ['console-overview.zh-CN', 'zh', 'light', 760, '/'],
    ['console-accounts', 'zh', 'light', 560, '/accounts'],
    ['console-call', 'en', 'dark', 560, failedCall],
  ] as const)('%s shows the demo', async (name, language, scheme, height, path) => {
    const visitor = await Visitor.open(browser, demo, { language, scheme, width: 1120, height });
    await visitor.signIn();
    await visitor.goto(typeof path === 'string' ? path : await path(demo));
    const file = `${FOLDER}/${name}.png`;
    await visitor.page.screenshot({ path: file });
    // What the demo shows differs a little each time.
    if (WRITES) expect(statSync(file).size).toBeLessThan(MAX_BYTES);
    expect(await visitor.faults()).toEqual([]);
    await visitor.close();
  });
});

/** The newest call that WeChat refused. */
async function failedCall(demo: Demo): Promise<string> {
  const path = `/v1/calls?component=${demo.component.appid}&failed=true&state=completed`;
  const id = await until('the demo has a refused call', async () => {
    return (await demo.api<{ items: { id: string }[] }>(path)).items[0]?.id;
  });
  return `/calls/${id}`;
}

async function hasCalls(demo: Demo): Promise<boolean> {
  const { calls } = await demo.api<{ calls: { completed: number[] } }>('/v1/activity?hours=24');
  return calls.completed.reduce((sum, count) => sum + count, 0) >= CALLS_IN_PICTURES;
}
