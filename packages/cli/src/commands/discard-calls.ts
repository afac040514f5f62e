import { type DiscardedCalls, discardCalls as discard } from '@wxthirdparty/platform';
import { ask } from '../ask.ts';
import type { Command } from '../command.ts';
import { readArguments } from '../read-arguments.ts';
import { readSettings } from '../read-settings.ts';
import { redisBeside } from '../redis-beside.ts';

export const discardCalls: Command = async ({ env, args, shutdown }) => {
  const { yes } = readArguments(args, { yes: { type: 'boolean', default: false } }).values;
  const settings = readSettings(env, 'discard-calls');
  const { databaseUrl, secretsKeys } = settings;
  const confirm = async (found: DiscardedCalls) => {
    console.log(summaryOf(found));
    if (yes) return true;
    const answer = await ask('Settle the calls as failed (call_lost), and delete the lanes and jobs?');
    if (answer === undefined)
      console.log(
        'Nothing was changed. With --yes the calls are settled as failed (call_lost), and the lanes and jobs deleted.',
      );
    return answer === true;
  };
  const outcome = await shutdown.unlessReceived(
    discard({ ...redisBeside(settings), databaseUrl, secretsKeys }, confirm),
  );
  if (outcome === 'declined') return 1;
  console.log('The calls were discarded. Start the processes.');
  return 0;
};

function summaryOf({ calls, lanes, jobs }: DiscardedCalls): string {
  const queues = Object.entries(jobs).map(([queue, count]) => `${queue} ${count}`);
  return `This Redis has ${calls} calls that are not settled, lanes of ${lanes} accounts, and unfinished jobs: ${queues.join(', ')}.`;
}
