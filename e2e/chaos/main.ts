import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { useBundle } from '../support/bundle-program.ts';
import { createHosts, Hosts, whyNoNamespaces } from './hosts.ts';
import { type Options, OptionsError, readOptions } from './options.ts';
import { withReport } from './report.ts';
import { newestRuns, storedResults } from './results.ts';
import type { Plan } from './run-faults.ts';

/**
 * `npm run chaos`: causes faults under load on five hosts, and checks the promises. Exit codes: 0 all held, 1 one about
 * correctness did not, 2 only a duration was missed, 3 a run could not be carried out.
 */
const FAILED_RUN = 3;
const PAGE = join(import.meta.dirname, '../../docs/chaos.md');
const MAX_SEED = 1_000_000;

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2), randomBytes(4).readUInt32BE() % MAX_SEED);
  const code = options.run ? await run(options) : 0;
  if (options.report) {
    await writeFile(PAGE, withReport(await readFile(PAGE, 'utf8'), newestRuns(await storedResults())));
    console.log('docs/chaos.md is written');
  }
  return code;
}

async function run(options: Options): Promise<number> {
  const id = randomBytes(3).toString('hex');
  const missing = await whyNoNamespaces(id);
  const hosts = new Hosts(id, missing ? 'processes' : 'namespaces');
  const skipped = options.faults.filter(({ needsNamespaces }) => needsNamespaces && missing);
  if (missing) {
    const without = skipped.map(({ name }) => name).join(', ') || 'nothing';
    console.log(`All processes share this host: ${missing}. Skipped: ${without}.`);
  }
  const commit = commitNow();
  const stored = newestRuns(await storedResults());
  const done = (fault: string) => {
    const runs = stored.get(fault) ?? [];
    return options.resume && runs.length >= options.runs && runs[0]!.commit === commit;
  };
  const runs = options.faults
    .filter((fault) => !skipped.includes(fault) && !done(fault.name))
    .flatMap(({ name }) =>
      Array.from({ length: options.runs }, (_, index) => ({ fault: name, seed: options.seed + index })),
    );
  if (runs.length === 0) {
    console.log('Nothing is to be run.');
    return 0;
  }
  await useBundle();
  return runOn(hosts, { run: id, hosts: hosts.kind, commit, runs });
}

async function runOn(hosts: Hosts, plan: Plan): Promise<number> {
  const { remove } = await createHosts(hosts);
  try {
    const program = join(import.meta.dirname, 'run-faults.ts');
    const [command, ...args] = [...hosts.within('wx'), process.execPath, program];
    const child = spawn(command!, args, {
      stdio: 'inherit',
      env: { ...process.env, CHAOS: JSON.stringify(plan) },
    });
    // The terminal's own Ctrl-C reaches it, too.
    const passOn = () => child.kill('SIGTERM');
    process.on('SIGTERM', passOn);
    process.on('SIGINT', () => {});
    return await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (exitCode) => resolve(exitCode ?? FAILED_RUN));
    });
  } finally {
    await remove();
  }
}

function commitNow(): string {
  const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8', cwd: import.meta.dirname }).trim();
  try {
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '--untracked-files=no') ? '+' : '');
  } catch {
    return 'unknown';
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof OptionsError ? error.message : error);
  process.exitCode = FAILED_RUN;
}
