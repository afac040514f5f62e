import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment } from '../support/deployment.ts';
import { until } from '../support/until.ts';
import { accessibilityFindings } from './axe.ts';
import { hasChromium, launchChromium } from './chromium.ts';
import { pathOf, screens } from './screens.ts';
import { reach, type Stage } from './stages.ts';
import { type Options, type Scheme, Visitor } from './visitor.ts';

const FOLDER = fileURLToPath(new URL('screenshots', import.meta.url));
const WIDTHS = [1280, 360] as const;
/** Of when the data is that is shown, beside what failed. */
const OLD_DATA = /显示的是.*的数据。/;
/** The distances from the top of the page at which its heading and its first table begin; null: there is none. */
const PLACES = `['h1', 'thead'].map((name) => document.querySelector('main ' + name)?.getBoundingClientRect().top ?? null)`;
type Places = readonly (number | null)[];

describe.skipIf(!hasChromium)('every screen', () => {
  let deployment: Deployment;
  let browser: Browser;
  let has: Stage[] = [];
  beforeAll(async () => {
    mkdirSync(FOLDER, { recursive: true });
    [deployment, browser] = await Promise.all([Deployment.open({ nodes: 1 }), launchChromium()]);
  });
  afterAll(async () => {
    await browser?.close();
    await deployment?.close();
  });

  async function open(stage: Stage, options: Options): Promise<Visitor> {
    has = await reach(stage, deployment, has);
    return Visitor.open(browser, deployment, options);
  }

  /** A picture of one width; the page is not wider. */
  async function shootAt({ page }: Visitor, width: number, name: string): Promise<void> {
    await page.setViewportSize({ width, height: 800 });
    await page.screenshot({ path: `${FOLDER}/${name}-${width}.png`, fullPage: true });
    const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
    expect(overflow, `${name} is wider than ${width} px`).toBeLessThanOrEqual(0);
  }

  /** Pictures of both widths, and what axe-core finds in one of them. */
  async function shoot(visitor: Visitor, name: string): Promise<void> {
    for (const width of WIDTHS) await shootAt(visitor, width, name);
    expect(await accessibilityFindings(visitor.page), name).toEqual([]);
    await visitor.page.setViewportSize({ width: 1280, height: 800 });
  }

  describe.each(['nothing', 'account', 'subscription'] as const)('that is empty, with %s else', (stage) => {
    let visitor: Visitor;
    beforeAll(async () => {
      visitor = await open(stage, { language: 'en', scheme: 'dark' });
      await visitor.signIn();
    });
    afterAll(() => visitor?.close());

    it.each(screens.filter(({ emptyWith }) => emptyWith === stage))('$name has a next step', async (screen) => {
      await visitor.goto(await pathOf(screen, { deployment }));
      await shoot(visitor, `${screen.name}-empty-en-dark`);
      expect(await visitor.faults()).toEqual([]);
    });
  });

  describe.each(['zh', 'en'] as const)('full of data in %s', (language) => {
    let visitor: Visitor;
    beforeAll(async () => {
      visitor = await open('full', { language });
      await visitor.goto('/sign-in');
      await shootAll('sign-in');
      await visitor.signIn();
    });
    afterAll(() => visitor?.close());

    async function shootAll(name: string): Promise<void> {
      for (const scheme of ['light', 'dark'] as const) {
        await visitor.setTheme(scheme);
        for (const width of WIDTHS) {
          await shootAt(visitor, width, `${name}-${language}-${scheme}`);
          // A theme has other colours, which are the same at both widths.
          if (scheme === 'dark' && width !== WIDTHS[0]) continue;
          const findings = await accessibilityFindings(visitor.page);
          expect(findings, `${name}, ${scheme}, ${width} px`).toEqual([]);
        }
      }
      await visitor.page.setViewportSize({ width: 1280, height: 800 });
      const marked = await visitor.page.locator('main nav [aria-current="page"]').allTextContents();
      expect(marked.length, `${name} marks ${marked} as open`).toBeLessThanOrEqual(1);
      expect(await visitor.faults()).toEqual([]);
    }

    it.each(screens)('$name is accessible, keeps its policy and fits', async (screen) => {
      await visitor.goto(await pathOf(screen, { deployment }));
      await shootAll(screen.name);
    });
  });

  describe('without answers', () => {
    const visited = screens.filter(({ isForm }) => !isForm);
    const scheme: Scheme = 'light';
    let visitor: Visitor;
    let paths: Map<string, string>;
    const placesWhileLoading = new Map<string, Places>();
    beforeAll(async () => {
      visitor = await open('full', { language: 'zh', scheme });
      paths = new Map(
        await Promise.all(visited.map(async (one) => [one.name, await pathOf(one, { deployment })] as const)),
      );
      await visitor.signIn();
      // Loaded again, so that the page knows nothing but the session.
      await visitor.api('not-yet');
      await visitor.goto('/keys/new');
    });
    afterAll(() => visitor?.close());

    it.each(visited)('$name has a placeholder', async ({ name }) => {
      await visitor.walk(paths.get(name)!);
      await visitor.page.locator('main [aria-busy="true"]').first().waitFor();
      placesWhileLoading.set(name, await visitor.page.evaluate<Places>(PLACES));
      await shoot(visitor, `${name}-loading-zh-${scheme}`);
    });

    it.each(visited)('$name has its heading and table where they were', async ({ name }) => {
      await visitor.api('really');
      await visitor.walk(paths.get(name)!);
      await visitor.settled();
      const places = await visitor.page.evaluate<Places>(PLACES);
      // What has no rows has no table, and a part that is no list has none while it is loaded.
      const comparable = placesWhileLoading.get(name)!.map((place, i) => (places[i] === null ? null : place));
      expect(comparable).toEqual(places.map((place, i) => (comparable[i] === null ? null : place)));
    });

    it.each(visited)('$name keeps its data when the API fails, with its age and a way to retry', async ({ name }) => {
      const { page } = visitor;
      await visitor.api('unavailable');
      await visitor.walk(paths.get(name)!);
      await page.getByText(OLD_DATA).first().waitFor();
      await page.getByRole('button', { name: '重试' }).first().waitFor();
      await shoot(visitor, `${name}-failing-zh-${scheme}`);
      expect(await visitor.faults()).toEqual([]);
    });

    it('a screen that was not read before shows what failed, until it succeeds', async () => {
      const { page } = visitor;
      const failure = page.getByText('Redis 或数据库没有响应');
      const retry = page.getByRole('button', { name: '重试' }).first();
      for (const name of ['overview', 'accounts', 'call-refused']) {
        await visitor.api('unavailable');
        await page.goto(`${deployment.gatewayUrl()}/admin${paths.get(name)}`);
        await failure.first().waitFor();
        await shoot(visitor, `${name}-failed-zh-${scheme}`);
        await visitor.api('really');
        await until(`${name} has succeeded`, async () => {
          // Its next refresh may be faster than the button.
          if (await retry.isVisible()) await retry.click({ timeout: 1_000 }).catch(() => {});
          return (await failure.count()) === 0;
        });
        await visitor.settled();
      }
      expect(await visitor.faults()).toEqual([]);
    });
  });
});
