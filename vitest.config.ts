import { defineConfig } from 'vitest/config';

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
          testTimeout: 20_000,
          hookTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'stories',
          include: ['e2e/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
