import { join } from 'node:path';
import { Failure } from '@wxthirdparty/wechat';
import { commands } from './commands.ts';
import { readDotEnv } from './dot-env.ts';
import { type Leaving, LeftEarly, leaveOnSignal } from './leave-on-signal.ts';
import { misspeltNames } from './misspelt-names.ts';
import { outputDrained, survivesLostOutput } from './output.ts';
import { root } from './root.ts';

/** Runs the command that the arguments name; answers the process's exit code. */
async function main([name = 'help', ...args]: string[], leaving: Leaving): Promise<number> {
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!entry) {
    console.error(`There is no command "${name}"; there are ${Object.keys(commands).join(', ')}.`);
    return 2;
  }
  try {
    const file = readDotEnv(join(root, '.env'));
    await reportMisspelt(Object.keys(file));
    const env = { ...file, ...process.env };
    const command = await entry.load();
    return await command({ env, envWithoutFile: process.env, args, leaving });
  } catch (error) {
    if (error instanceof LeftEarly) return 0;
    console.error(explain(error));
    return 1;
  }
}

/** On stderr, because the output of a command may be read by a program. */
async function reportMisspelt(names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  // Loaded only where there is a file: the settings bring the packages along in which they are checked.
  const { settingNames } = await import('./settings-schema.ts');
  for (const line of misspeltNames(names, settingNames)) console.error(line);
}

/** One that we foresaw says what to do, in its message; any other is our own mistake and shows where. */
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
// Before anything is loaded or opened, so that a signal that comes early closes what there is.
const leaving = leaveOnSignal();
const code = await main(process.argv.slice(2), leaving);
await outputDrained(leaving.asked);
process.exit(code);
