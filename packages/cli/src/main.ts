import { join } from 'node:path';
import { Failure } from '@wxthirdparty/wechat';
import { findCommand, NO_ARGUMENTS, unknownCommand } from './commands.ts';
import { readDotEnv } from './dot-env.ts';
import { misspeltNames } from './misspelt-names.ts';
import { outputDrained, survivesLostOutput } from './output.ts';
import { readArguments, UsageError } from './read-arguments.ts';
import { root } from './root.ts';
import { secretFileNames, withSecretFiles } from './secret-files.ts';
import { type ShutdownRequest, StartInterrupted, shutdownOnSignal } from './shutdown-on-signal.ts';
import { usageOf } from './usage.ts';

/** Runs the command that the arguments name; returns the exit code of the process. */
async function main([given = 'help', ...args]: string[], shutdown: ShutdownRequest): Promise<number> {
  const found = findCommand(given);
  if (!found) {
    console.error(unknownCommand(given));
    return 2;
  }
  const { name, entry } = found;
  if (args.includes('--help')) {
    console.log(usageOf(name, entry));
    return 0;
  }
  try {
    const faults: string[] = [];
    const collected = entry.reportsFaults ? faults : undefined;
    const file = readDotEnv(join(root, '.env'), collected);
    if (!entry.reportsFaults) await reportMisspelt(Object.keys(file));
    const env = withSecretFiles(file, process.env, root, collected);
    if (entry.usage === NO_ARGUMENTS) readArguments(args, {});
    const command = await entry.load();
    const code = await command({ env, envWithoutFile: process.env, faults, args, shutdown });
    return shutdown.failure ? reportFailure(shutdown.failure.reason) : code;
  } catch (error) {
    if (error instanceof StartInterrupted) return shutdown.failure ? reportFailure(shutdown.failure.reason) : 0;
    if (error instanceof UsageError) {
      console.error(`${error.message}\n\n${usageOf(name, entry)}`);
      return 2;
    }
    return reportFailure(error);
  }
}

function reportFailure(error: unknown): number {
  console.error(explain(error));
  return 1;
}

/** On stderr, because a program may read the command's output. */
async function reportMisspelt(names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  // Loaded only if there is a file, because the schema loads the packages that check the settings.
  const { settingNames } = await import('./settings-schema.ts');
  for (const line of misspeltNames(names, [...settingNames, ...secretFileNames])) console.error(line);
}

/** The message of an expected failure says what to do; any other error is a bug, and its stack shows where. */
function explain(error: unknown): unknown {
  if (isDiskFull(error))
    return 'The disk is full (or a quota or size limit is reached); free some space and try again.';
  if (error instanceof Failure || (error instanceof Error && error.name === 'Sentence')) return error.message;
  return error;
}

function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  const SQLITE_FULL = 13;
  return ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(String(code)) || errcode === SQLITE_FULL;
}

survivesLostOutput();
// Before anything is loaded or opened, so that an early signal also closes what is open.
const shutdown = shutdownOnSignal();
process.exitCode = await main(process.argv.slice(2), shutdown);
await outputDrained(shutdown.received);
// A connection that a command could not close does not keep the process alive.
process.exit();
