import { openDatabase } from '../../packages/platform/src/database/open.ts';
import { hasChromium, launchChromium } from '../console/chromium.ts';
import { Visitor } from '../console/visitor.ts';
import { Deployment, SERVICE_ACCOUNT } from '../support/deployment.ts';
import { accountNumber, storeManyAccounts } from '../support/many-accounts.ts';
import type { Bench, Figures, Round } from './bench.ts';

const ACCOUNTS = 100_000;
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 10);
/** Chromium reports tasks of the page's thread that are longer than this. */
const MAX_TASK_MS = 50;

const bench: Bench = {
  name: `the console with ${ACCOUNTS.toLocaleString('en')} accounts`,
  measured: 'from typing a part of a nickname in Chromium until the account is shown',
  against: 'the same search by GET /v1/authorizers',
  guide: { measuredAtMost: 1_000 },
  run,
};
export default bench;

/** Runs in the page, before its own scripts. */
const OBSERVE_TASKS = `globalThis.longTasks = [];
new PerformanceObserver((list) => longTasks.push(...list.getEntries().map(({ duration }) => duration)))
  .observe({ type: 'longtask' });`;

/** Runs in the page. */
const NEXT_PAGE_SHOWN = `document.querySelector('main')?.textContent.includes('第 51–100 条')`;

async function run(): Promise<Figures> {
  if (!hasChromium) {
    const none = { measured: Number.NaN, against: Number.NaN };
    return { unit: 'ms', rounds: [none], facts: [{ what: 'Chromium is found', holds: false }] };
  }
  const deployment = await Deployment.open({ nodes: 1 });
  const browser = await launchChromium();
  try {
    await deployment.authorized(SERVICE_ACCOUNT);
    const sql = openDatabase(deployment.databaseUrl);
    await storeManyAccounts(sql, deployment.component.appid, ACCOUNTS).finally(() => sql.destroy());
    const visitor = await Visitor.open(browser, deployment);
    const { page } = visitor;
    await page.addInitScript({ content: OBSERVE_TASKS });
    await visitor.signIn();
    const rounds: Round[] = [];
    const longest: number[] = [];
    // The first round compiles what it runs.
    for (let round = 0; round <= ROUNDS; round++) {
      const { nickName } = accountNumber(ACCOUNTS - 1 - round);
      const text = nickName.slice(4);
      await visitor.goto('/accounts');
      await page.evaluate('longTasks.length = 0');
      await page.getByRole('link', { name: '下一页' }).click();
      // Playwright's own search for a text would be a task of the page, too.
      await page.waitForFunction(NEXT_PAGE_SHOWN);
      const tasks = (await page.evaluate('longTasks')) as readonly number[];
      await visitor.goto('/accounts');
      const startedAt = performance.now();
      await page.fill('main [data-search]', text);
      await page.locator('tbody tr:only-child', { hasText: nickName }).waitFor();
      const shownAt = performance.now();
      await deployment.api('GET', `/v1/authorizers?q=${encodeURIComponent(text)}&limit=50`);
      if (round === 0) continue;
      rounds.push({ measured: shownAt - startedAt, against: performance.now() - shownAt });
      longest.push(Math.max(0, ...tasks));
    }
    const tasksMs = Math.max(...longest);
    const what = `the next page of 50 rows: ${tasksMs > 0 ? `longest task ${tasksMs.toFixed(0)} ms` : 'no task'} over ${MAX_TASK_MS} ms in ${ROUNDS} rounds`;
    return { unit: 'ms', rounds, facts: [{ what, holds: tasksMs <= MAX_TASK_MS }] };
  } finally {
    await browser.close();
    await deployment.close();
  }
}
