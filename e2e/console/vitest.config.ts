import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('../..', import.meta.url));
// As in the configuration of all tests, for the same reason.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('node_modules/.cache/node-compile', `file://${root}`));

/** `npm run test:console`: the console in a real browser, screen by screen. */
export default defineConfig({
  root,
  test: {
    name: 'console',
    include: ['e2e/console/**/*.browser.ts'],
    globalSetup: ['e2e/support/bundle-program.ts'],
    // A browser and a deployment use both cores by themselves.
    maxWorkers: 1,
    isolate: false,
    testTimeout: 600_000,
    hookTimeout: 600_000,
    expect: { poll: { timeout: 120_000 } },
  },
});
