import { glob, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Findings } from './checker.ts';
import type { Moments } from './history.ts';
import type { HostKind } from './hosts.ts';

/** Where histories and results stay; not committed. */
const RUNS_FOLDER = join(import.meta.dirname, 'runs');
const RESULT_FILE = 'result.json';

/** One run of one fault. */
export interface RunResult {
  readonly fault: string;
  /** Short; ends with `+` if files differed from it. */
  readonly commit: string;
  readonly seed: number;
  readonly startedAt: string;
  readonly hosts: HostKind;
  readonly machine: { readonly cores: number; readonly load: number; readonly node: string; readonly redis: string };
  readonly moments: Moments;
  readonly findings: Findings;
}

export function folderOf({ fault, startedAt, seed }: Pick<RunResult, 'fault' | 'startedAt' | 'seed'>): string {
  return join(RUNS_FOLDER, fault, `${startedAt.replace(/[:.]/g, '-')}-seed-${seed}`);
}

export async function storeResult(result: RunResult): Promise<void> {
  await writeFile(join(folderOf(result), RESULT_FILE), `${JSON.stringify(result, null, 2)}\n`);
}

/** The oldest first. */
export async function storedResults(): Promise<RunResult[]> {
  const results: RunResult[] = [];
  for await (const file of glob(`*/*/${RESULT_FILE}`, { cwd: RUNS_FOLDER })) {
    results.push(JSON.parse(await readFile(join(RUNS_FOLDER, file), 'utf8')) as RunResult);
  }
  return results.toSorted((a, b) => a.startedAt.localeCompare(b.startedAt));
}

/** Of each fault, the runs of the newest commit that has any. */
export function newestRuns(results: readonly RunResult[]): Map<string, RunResult[]> {
  return new Map(
    [...Map.groupBy(results, ({ fault }) => fault)].map(([fault, runs]) => {
      const { commit, hosts } = runs.at(-1)!;
      return [fault, runs.filter((run) => run.commit === commit && run.hosts === hosts)];
    }),
  );
}
