import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './e2e/support/longest-first.ts';

/** They end what hangs. A test that is slow because the machine is busy has not failed. */
const LIMITS = { testTimeout: 600_000, hookTimeout: 600_000, expect: { poll: { timeout: 120_000 } } };

// Compiling is half of the CPU time of a start, and a run of all tests starts hundreds of processes.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('node_modules/.cache/node-compile', import.meta.url));

const FIXED_SEED = 'packages/platform/test/fixed-seed.ts';

export default defineConfig({
  test: {
    // Stories wait longer than they work, so five side by side keep two cores busy.
    maxWorkers: 5,
    sequence: { sequencer: LongestFirst },
    // For both projects together.
    globalSetup: ['packages/platform/test/mariadb-for-all.ts'],
    projects: [
      {
        test: {
          name: 'packages',
          include: ['packages/*/src/**/*.test.ts', 'packages/*/test/**/*.test.ts'],
          setupFiles: ['packages/platform/test/require-one-slot.ts', FIXED_SEED],
          // To import the same modules again for each file would take a quarter of the time.
          isolate: false,
          ...LIMITS,
        },
      },
      {
        test: {
          name: 'stories',
          include: ['e2e/**/*.test.ts'],
          globalSetup: ['e2e/support/bundle-program.ts'],
          setupFiles: [FIXED_SEED],
          isolate: false,
          ...LIMITS,
        },
      },
    ],
  },
});
