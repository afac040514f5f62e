import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Deployment } from '../support/deployment.ts';
import { accessibilityFindings } from './axe.ts';
import { hasChromium, launchChromium } from './chromium.ts';
import { openFullDeployment } from './full-deployment.ts';
import { screens } from './screens.ts';
import { Visitor } from './visitor.ts';

const FOLDER = fileURLToPath(new URL('screenshots', import.meta.url));
const WIDTHS = [1280, 360] as const;

describe.skipIf(!hasChromium)('every screen', () => {
  let deployment: Deployment;
  let browser: Browser;
  beforeAll(async () => {
    mkdirSync(FOLDER, { recursive: true });
    deployment = await openFullDeployment();
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await deployment?.close();
  });

  describe.each(['zh', 'en'] as const)('in %s', (language) => {
    let visitor: Visitor;
    beforeAll(async () => {
      visitor = await Visitor.open(browser, deployment, { language });
      await visitor.goto('/sign-in');
      await shoot('sign-in');
      await visitor.signIn();
    });
    afterAll(() => visitor?.close());

    /** axe-core in both themes, and pictures of both widths. */
    async function shoot(name: string): Promise<void> {
      const { page } = visitor;
      for (const scheme of ['light', 'dark'] as const) {
        await visitor.setTheme(scheme);
        for (const width of WIDTHS) {
          await page.setViewportSize({ width, height: 800 });
          await page.screenshot({ path: `${FOLDER}/${name}-${language}-${scheme}-${width}.png`, fullPage: true });
          const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
          expect(overflow, `${name} is wider than ${width} px`).toBeLessThanOrEqual(0);
          expect(await accessibilityFindings(page), `${name}, ${scheme}, ${width} px`).toEqual([]);
        }
      }
      await page.setViewportSize({ width: 1280, height: 800 });
      const open = await page.locator('main nav [aria-current="page"]').allTextContents();
      expect(open.length, `${name} marks ${open} as open`).toBeLessThanOrEqual(1);
      expect(await visitor.faults()).toEqual([]);
    }

    it.each(screens)('$name is accessible, keeps its policy and fits', async ({ name, path }) => {
      await visitor.goto(typeof path === 'string' ? path : await path({ deployment }));
      await shoot(name);
    });
  });
});
