import { defineConfig } from 'vitest/config';

/** They end what hangs. A test that is slow because the machine is busy has not failed. */
const LIMITS = { testTimeout: 240_000, hookTimeout: 240_000, expect: { poll: { timeout: 60_000 } } };

export default defineConfig({
  test: {
    // Most stories wait for processes more than they work, so three side by side keep two cores busy.
    maxWorkers: 3,
    // For both projects together.
    globalSetup: ['packages/platform/test/mariadb-for-all.ts'],
    projects: [
      {
        test: {
          name: 'packages',
          include: ['packages/*/src/**/*.test.ts', 'packages/*/test/**/*.test.ts'],
          ...LIMITS,
        },
      },
      {
        test: {
          name: 'stories',
          include: ['e2e/**/*.test.ts'],
          ...LIMITS,
          testTimeout: 300_000,
        },
      },
    ],
  },
});
