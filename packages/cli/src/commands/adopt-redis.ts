import { parseArgs } from 'node:util';
import { type AdoptionReport, adoptRedis as adopt } from '@wxthirdparty/platform';
import type { Command } from '../command.ts';
import { readSettings } from '../read-settings.ts';
import { redisBeside } from '../redis-beside.ts';

const USAGE = `Usage: npm run wxthirdparty -- adopt-redis [--yes] [--discard]

For a database that was replaced: makes the Redis of REDIS_URL, which carries the identity of another deployment, this
database's own. Queued calls and jobs in it are continued, so use it only if they are yours; --discard deletes them first,
with every other key under REDIS_PREFIX (tickets, tokens and due times are restored from the database or WeChat).
All processes must be stopped. Without --yes it only reports.`;

export const adoptRedis: Command = async ({ env, args, leaving }) => {
  const options = optionsOf(args);
  if (!options) {
    console.error(USAGE);
    return 2;
  }
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  const settings = readSettings(env, 'adopt-redis');
  const { databaseUrl, secretsKeys } = settings;
  const report = await leaving.unlessLeft(
    adopt({ ...redisBeside(settings), databaseUrl, secretsKeys }, { confirmed: options.yes, discard: options.discard }),
  );
  console.log(wordsOf(report, options.discard));
  return report.wasOurs || report.done !== 'nothing' ? 0 : 1;
};

function optionsOf(args: readonly string[]) {
  const flag = { type: 'boolean', default: false } as const;
  try {
    return parseArgs({ args: [...args], options: { yes: flag, discard: flag, help: flag } }).values;
  } catch {
    return undefined;
  }
}

function wordsOf({ wasOurs, keys, done }: AdoptionReport, discard: boolean): string {
  if (wasOurs) return 'This Redis belongs to this deployment already; nothing was changed.';
  switch (done) {
    case 'nothing':
      return discard
        ? `This Redis belongs to another deployment and has ${keys} keys. With --yes they are deleted, and it becomes this deployment's.`
        : `This Redis belongs to another deployment and has ${keys} keys. With --yes it becomes this deployment's, and the calls and jobs in it are continued; with --discard --yes they are deleted first.`;
    case 'adopted':
      return `This Redis with its ${keys} keys belongs to this deployment now. Start the processes.`;
    case 'discarded-and-adopted':
      return `${keys} keys were deleted, and this Redis belongs to this deployment now. Start the processes.`;
    default:
      return done satisfies never;
  }
}
