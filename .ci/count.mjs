// count.mjs FOLDER REPORT[,REPORT…]=CODE…: sums the reports of test runs and ends with one line. Each run is named by the
// reports that it writes, REPORT.json in FOLDER, and has its exit code. A run that ended badly without a failed test counts
// as one failed test, and so does a missing report: it crashed, or an error happened outside a test. Each failed test is
// named before the last line with the first line of its error, since the log of a run is often cut in the middle.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const MAX_NAMED = 50;
const MAX_ERROR_LENGTH = 300;

const [folder, ...runs] = process.argv.slice(2);
const total = { passed: 0, failed: 0, skipped: 0 };
const named = [];
for (const run of runs) {
  const [names, code] = run.split('=');
  let failed = 0;
  for (const name of names.split(',')) {
    const report = read(join(folder, `${name}.json`));
    if (!report) named.push(`${name}: the test run ended without a report; it counts as one failed test`);
    total.passed += report?.numPassedTests ?? 0;
    total.skipped += report ? report.numPendingTests + report.numTodoTests : 0;
    failed += report?.numFailedTests ?? 1;
    named.push(...failedTests(report).map((test) => `${name}: ${test}`));
  }
  if (failed === 0 && code !== '0') {
    named.push(`${names}: the test run failed outside a test, see above; it counts as one failed test`);
    failed = 1;
  }
  total.failed += failed;
}
for (const line of named.slice(0, MAX_NAMED)) console.log(`FAILED ${line}`);
if (named.length > MAX_NAMED) console.log(`FAILED … and ${named.length - MAX_NAMED} more`);
const { passed, failed, skipped } = total;
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed > 0 ? 1 : 0;

/** An aborted run may leave an incomplete report. */
function read(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** A file that fails before or after its tests has no failed test, and is named itself. */
function failedTests(report) {
  return (report?.testResults ?? []).flatMap((file) => {
    const path = file.name?.replace(`${process.cwd()}/`, '');
    const tests = (file.assertionResults ?? []).filter(({ status }) => status === 'failed');
    if (tests.length === 0) return file.status === 'failed' ? [`${path}: ${firstLine(file.message)}`] : [];
    return tests.map((test) => `${path} > ${test.fullName}: ${firstLine(test.failureMessages?.[0])}`);
  });
}

function firstLine(message) {
  // Vitest colours some messages.
  const plain = (message || 'no message').replaceAll(/\u001b\[\d*m/g, '');
  return plain
    .split('\n')
    .find((line) => line.trim() !== '')
    .slice(0, MAX_ERROR_LENGTH);
}
