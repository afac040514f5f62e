import { type CheckName, checkNames, examine } from '@wxthirdparty/platform';
import type { Command } from '../command.ts';
import { checkSettings } from '../doctor/check-settings.ts';
import { resultLines } from '../doctor/print-results.ts';
import { readUsableSettings } from '../doctor/usable-settings.ts';
import { typed } from '../installation.ts';
import { readArguments, UsageError } from '../read-arguments.ts';

/** Examines the deployment from this host and prints what it found. Exit code 1: a check failed. */
export const doctor: Command = async ({ env, faults: fileFaults, args, shutdown }) => {
  const { json, only } = readArguments(args, {
    json: { type: 'boolean', default: false },
    only: { type: 'string' },
  }).values;
  const { settings, faults } = readUsableSettings(env);
  const results = await shutdown.unlessReceived(
    examine(
      { ...settings, typed, checkSettings: async () => checkSettings({ env, faults: [...fileFaults, ...faults] }) },
      only === undefined ? undefined : namedChecks(only),
    ),
  );
  console.log(json ? JSON.stringify({ items: results, next: null }, null, 2) : resultLines(results).join('\n'));
  return results.some(({ status }) => status === 'fail') ? 1 : 0;
};

function namedChecks(list: string): CheckName[] {
  return list.split(',').map((given) => {
    const name = checkNames.find((one) => one === given.trim());
    if (name === undefined) {
      throw new UsageError(`There is no check "${given}". The checks are: ${checkNames.join(', ')}.`);
    }
    return name;
  });
}
