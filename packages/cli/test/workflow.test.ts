import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { root } from '../src/root.ts';

const workflow = z.object({
  permissions: z.object({ contents: z.literal('read') }),
  jobs: z.record(
    z.string(),
    z.object({
      'timeout-minutes': z.number(),
      steps: z.array(z.object({ uses: z.string().optional(), run: z.string().optional() })),
    }),
  ),
});

describe.each(globSync('.github/workflows/*.yml', { cwd: root }))('%s', (path) => {
  const { jobs } = workflow.parse(parse(readFileSync(join(root, path), 'utf8')));
  const steps = Object.values(jobs).flatMap((job) => job.steps);

  it('pins the actions of others to a commit', () => {
    const actions = steps.flatMap(({ uses }) => (uses === undefined ? [] : [uses]));
    expect(actions.filter((action) => !/@[0-9a-f]{40}$/.test(action))).toEqual([]);
    expect(actions).not.toEqual([]);
  });

  it('runs the same script as any other continuous integration', () => {
    expect(steps.map(({ run }) => run)).toContain('.ci/run');
    expect(existsSync(join(root, '.ci/run'))).toBe(true);
  });
});
