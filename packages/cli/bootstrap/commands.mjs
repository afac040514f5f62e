import { join } from 'node:path';
import { changedFiles, testsOf } from './changed-files.mjs';
import { ensureChromium } from './chromium.mjs';
import { clockTests, takeClocks } from './clock-tests.mjs';
import { ensureConsole, servesConsole } from './console-build.mjs';
import { exitWith } from './exit-with.mjs';
import { assertShifted, ensureFakeTime, shiftedClock } from './faketime.mjs';
import { ensurePackages } from './install.mjs';
import { ensureMariaDbServer } from './mariadb-server.mjs';
import { findNode } from './node-runtime.mjs';
import { previousCommit, takeCommit } from './previous-commit.mjs';
import { ensurePromtool } from './promtool.mjs';
import { ensureRedisServer } from './redis-server.mjs';
import { root } from './root.mjs';
import { runProgram } from './run-program.mjs';
import { supervise } from './supervise.mjs';

const VITEST = 'node_modules/vitest/vitest.mjs';

/**
 * Installs what is missing, then runs the program in Node 24.
 * @param {string[]} argv
 */
export async function run(argv) {
  await ensurePackages(root, process.env);
  const node = findNode(root);
  const [first = 'help', ...rest] = argv;
  if (first === '--test') return exitWith(await test(node, rest));
  if (first === '--test-console') return exitWith(await testConsole(node, rest));
  if (first === '--test-watch') return exitWith(await watchTests(node, rest));
  if (first === '--test-clock') return exitWith(await testUnderClocks(node, rest));
  if (first === '--test-versions') return exitWith(await testVersions(node, rest));
  if (first === '--check') return exitWith(await check(node, rest));
  if (first === '--bench') {
    await ensureRedisServer();
    await ensureMariaDbServer();
    await ensureConsole(root, node);
    return exitWith(await tool(node, ['e2e/bench/main.ts', ...rest]));
  }
  if (first === '--chaos') {
    await ensureRedisServer();
    await ensureMariaDbServer();
    return exitWith(await tool(node, ['e2e/chaos/main.ts', ...rest]));
  }
  if (first === '--generate') return exitWith(await tool(node, ['packages/cli/generate/main.ts', ...rest]));
  if (first === '--pack') return exitWith(await tool(node, ['packages/wxthirdparty/build/main.ts', ...rest]));
  if (first === '--example') return exitWith(await example(node, rest));
  if (servesConsole(first)) await ensureConsole(root, node);
  // `start` searches for redis-server itself: whether it needs one depends on the settings.
  exitWith(await runProgram(node, [], join(root, 'packages/cli/src/main.ts'), argv));
}

/**
 * @param {string} node
 * @param {string[]} args
 */
async function test(node, args) {
  await ensureRedisServer();
  await ensureMariaDbServer();
  if (process.env.REQUIRE_BROWSER === '1') ensureChromium();
  if (process.env.REQUIRE_PROMTOOL === '1') ensurePromtool();
  await ensureConsole(root, node);
  return tool(node, [VITEST, 'run', ...args]);
}

/**
 * Runs the stories of the console in a browser.
 * @param {string} node
 * @param {string[]} args
 */
async function testConsole(node, args) {
  await ensureRedisServer();
  await ensureMariaDbServer();
  ensureChromium();
  await ensureConsole(root, node);
  return tool(node, [VITEST, 'run', '--config', 'e2e/console/vitest.config.ts', ...args]);
}

/**
 * Runs the named tests, or those of changed files, and again whenever a file changes that they import.
 * @param {string} node
 * @param {string[]} args
 */
async function watchTests(node, args) {
  await ensureRedisServer();
  await ensureMariaDbServer();
  const tests = args.some((arg) => !arg.startsWith('-')) ? [] : testsOf(root, changedFiles(root));
  // Without any file it would run all tests first; `--standalone`, which has no effect otherwise, waits for a change.
  return tool(node, [VITEST, 'watch', '--standalone', ...tests, ...args]);
}

/**
 * Runs the tests that read the date, or those named, once under each clock, or under those of `--clocks=`. `{clock}` in an argument is the name of the
 * clock, so that each run can write its own report.
 * @param {string} node
 * @param {string[]} args
 */
async function testUnderClocks(node, args) {
  await ensureRedisServer();
  await ensureMariaDbServer();
  const library = ensureFakeTime();
  const { clocks, others } = takeClocks(args);
  const files = others.some((arg) => !arg.startsWith('-')) ? [] : clockTests(root);
  /** @type {Awaited<ReturnType<typeof supervise>>} */
  let worst = { code: 0, signal: null };
  for (const clock of clocks) {
    console.error(`Tests at ${clock.at} in the zone ${clock.zone} …`);
    const named = others.map((arg) => arg.replaceAll('{clock}', clock.name));
    // Most of so short a run would be importing: files share their modules.
    const run = [VITEST, 'run', '--no-isolate', ...files, ...named];
    const env = shiftedClock(library, clock);
    assertShifted(node, env, clock);
    const ended = await tool(node, run, env);
    if (ended.signal) return ended;
    if (ended.code !== 0) worst = ended;
  }
  return worst;
}

/**
 * Runs the story of two versions side by side with the newest release, or the commit that `--commit=` names, as the other one.
 * @param {string} node
 * @param {string[]} args
 */
async function testVersions(node, args) {
  const { commit: named, others } = takeCommit(args);
  const commit = previousCommit(root, named);
  if (commit === undefined) {
    console.error(
      'Skipped: this checkout has no git history with a previous version ("git fetch --unshallow" brings it).',
    );
    return { code: 0, signal: null };
  }
  console.error(`Processes of ${commit.slice(0, 7)} run beside those of this version …`);
  await ensureRedisServer();
  await ensureMariaDbServer();
  const run = [VITEST, 'run', 'e2e/versions-side-by-side.story.test.ts', ...others];
  return tool(node, run, { ...process.env, PREVIOUS_COMMIT: commit });
}

/**
 * Format, lint, types, unused exports and all tests. `--quick`: format and lint of the changed files only, and of the tests
 * only those among them and beside them.
 * @param {string} node
 * @param {string[]} args
 */
async function check(node, args) {
  const quick = args.includes('--quick');
  const changed = quick ? changedFiles(root) : [];
  const lint = ['node_modules/@biomejs/biome/bin/biome', 'check', '--max-diagnostics=100'];
  const steps = [
    quick ? [...lint, '--no-errors-on-unmatched', ...(changed.length > 0 ? changed : ['package.json'])] : lint,
    ['node_modules/typescript/bin/tsc', '-p', '.', '--noEmit'],
    ['node_modules/typescript/bin/tsc', '-p', 'packages/console', '--noEmit'],
    ['node_modules/knip/bin/knip.js', '--no-progress'],
  ];
  for (const step of steps) {
    const ended = await tool(node, step);
    if (ended.code !== 0) return ended;
  }
  if (!quick) return test(node, args);
  const tests = testsOf(root, changed);
  if (tests.length === 0) {
    console.error('No changed file is a test or has one beside it, so no test was run.');
    return { code: 0, signal: null };
  }
  return test(node, [...tests, ...args.filter((arg) => arg !== '--quick')]);
}

/**
 * @param {string} node
 * @param {string[]} args
 */
function example(node, [name = 'bot', ...args]) {
  return tool(node, [`examples/${name}.mjs`, ...args]);
}

/**
 * @param {string} node
 * @param {string[]} args
 * @param {Record<string, string>} [env]
 */
function tool(node, args, env) {
  return supervise(node, args, { shutdownSignal: 'SIGTERM', cwd: root, ...(env ? { env } : {}) });
}
