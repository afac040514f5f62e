import type { CheckResult } from '@wxthirdparty/platform';

const WIDTH = Math.max(...(['ok', 'warn', 'fail', 'skipped'] satisfies CheckResult['status'][]).map((s) => s.length));
const INDENT = ' '.repeat(WIDTH + 2);

/** One line for each check, below it the remedy and the command for each of its faults, and a line with the numbers. */
export function resultLines(results: readonly CheckResult[]): string[] {
  const nameWidth = Math.max(0, ...results.map(({ name }) => name.length));
  return [...results.flatMap((result) => linesOf(result, nameWidth)), summaryOf(results)];
}

function linesOf({ name, status, cause, remedy, command, found, also }: CheckResult, nameWidth: number): string[] {
  const head = `${status.padEnd(WIDTH)}  ${name.padEnd(nameWidth)}`;
  if (status === 'ok') return [`${head}  ${found ?? ''}`.trimEnd()];
  return [
    `${head}  ${cause?.en ?? ''}`,
    ...adviceOf(remedy?.en, command),
    ...also.flatMap((fault) => [
      `${INDENT}also (${fault.status}): ${fault.cause.en}`,
      ...adviceOf(fault.remedy.en, fault.command),
    ]),
    ...(found === null ? [] : [`${INDENT}found: ${found}`]),
  ];
}

function adviceOf(remedy: string | undefined, command: string | null): string[] {
  return [
    ...(remedy === undefined ? [] : [`${INDENT}→ ${remedy}`]),
    ...(command === null ? [] : [`${INDENT}  ${command}`]),
  ];
}

function summaryOf(results: readonly CheckResult[]): string {
  const count = (status: CheckResult['status']) => results.filter((result) => result.status === status).length;
  return `${count('ok')} ok, ${count('warn')} with a warning, ${count('fail')} failed, ${count('skipped')} skipped.`;
}
