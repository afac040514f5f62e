import { type AdoptionReport, adoptRedis as adopt } from '@wxthirdparty/platform';
import type { Command } from '../command.ts';
import { readArguments } from '../read-arguments.ts';
import { readSettings } from '../read-settings.ts';
import { redisBeside } from '../redis-beside.ts';

const FLAG = { type: 'boolean', default: false } as const;

export const adoptRedis: Command = async ({ env, args, shutdown }) => {
  const { yes, discard } = readArguments(args, { yes: FLAG, discard: FLAG }).values;
  const settings = readSettings(env, 'adopt-redis');
  const { databaseUrl, secretsKeys } = settings;
  const report = await shutdown.unlessReceived(
    adopt({ ...redisBeside(settings), databaseUrl, secretsKeys }, { confirmed: yes, discard }),
  );
  console.log(messageOf(report, discard));
  return report.wasOurs || report.done !== 'nothing' ? 0 : 1;
};

function messageOf({ wasOurs, keys, done }: AdoptionReport, discard: boolean): string {
  if (wasOurs) return 'This Redis already belongs to this deployment; nothing was changed.';
  switch (done) {
    case 'nothing':
      return discard
        ? `This Redis belongs to another deployment and has ${keys} keys. With --yes they are deleted, and it becomes this deployment's.`
        : `This Redis belongs to another deployment and has ${keys} keys. With --yes it becomes this deployment's, and the calls and jobs in it are continued; with --discard --yes they are deleted first.`;
    case 'adopted':
      return `This Redis, with its ${keys} keys, now belongs to this deployment. Start the processes.`;
    case 'discarded-and-adopted':
      return `${keys} keys were deleted, and this Redis now belongs to this deployment. Start the processes.`;
    default:
      return done satisfies never;
  }
}
