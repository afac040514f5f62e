import { type Browser, chromium } from 'playwright-core';
import { findChromium } from '../../packages/cli/bootstrap/chromium.mjs';

const path = findChromium();

/** Without a Chromium the stories of the console are skipped, unless REQUIRE_BROWSER=1 makes that an error. */
export const hasChromium = path !== undefined;

if (!hasChromium) {
  const note = 'The stories of the console need Chromium: install it, or set CHROMIUM_PATH.';
  if (process.env.REQUIRE_BROWSER === '1') throw new Error(note);
  console.warn(`Skipped: ${note}`);
}

/** Only ends what hangs: on a busy machine a browser needs more than Playwright's thirty seconds. */
export const BROWSER_TIMEOUT_MS = 240_000;

export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    timeout: BROWSER_TIMEOUT_MS,
    ...(path === undefined ? {} : { executablePath: path }),
    // Containers run tests as root, where Chromium has no sandbox, and have a small /dev/shm.
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--font-render-hinting=none'],
  });
}
