// count.mjs FOLDER NAME=CODE…: sums the reports of test runs and ends with one line. Each NAME.json in FOLDER is the report
// of one run; a run under several clocks has one for each. A run that ended badly without a failed test counts as one
// failed test, and so does a missing report: it crashed, or an error happened outside a test.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CLOCKS } from '../packages/cli/bootstrap/clock-tests.mjs';

const [folder, ...runs] = process.argv.slice(2);
const total = { passed: 0, failed: 0, skipped: 0 };
for (const run of runs) {
  const [name, code] = run.split('=');
  let failed = 0;
  for (const part of name === 'clock' ? CLOCKS.map((clock) => `clock-${clock.name}`) : [name]) {
    const report = read(join(folder, `${part}.json`));
    if (!report) console.error(`The test run "${part}" ended without a report; it counts as one failed test.`);
    total.passed += report?.numPassedTests ?? 0;
    total.skipped += report ? report.numPendingTests + report.numTodoTests : 0;
    failed += report?.numFailedTests ?? 1;
  }
  if (failed === 0 && code !== '0') {
    console.error(`The test run "${name}" failed outside a test, see above; it counts as one failed test.`);
    failed = 1;
  }
  total.failed += failed;
}
const { passed, failed, skipped } = total;
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed > 0 ? 1 : 0;

/** A run that was cut off may leave half a report. */
function read(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
