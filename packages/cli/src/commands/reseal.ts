import { type ResealReport, reseal as resealAll } from '@wxthirdparty/platform';
import type { Command } from '../command.ts';
import { readSettings } from '../read-settings.ts';
import { redisBeside } from '../redis-beside.ts';

const TELL_EVERY_MS = 2_000;

export const reseal: Command = async ({ env, leaving }) => {
  const settings = readSettings(env, 'rotate-secrets');
  const { databaseUrl, secretsKeys } = settings;
  let toldAt = performance.now();
  const work = resealAll(
    { ...redisBeside(settings), databaseUrl, secretsKeys },
    {
      tell({ looked, resealed }) {
        if (performance.now() - toldAt < TELL_EVERY_MS) return;
        toldAt = performance.now();
        console.error(`${looked} secrets looked at, ${resealed} resealed …`);
      },
    },
  );
  const report = await leaving.unlessLeft(work);
  console.log(words(report, secretsKeys.length > 1).join('\n'));
  return report.remaining > 0 || report.unsealable > 0 ? 1 : 0;
};

/** What was done, and what it means for the older keys. */
function words(report: ResealReport, olderKeys: boolean): string[] {
  const { looked, resealed, remaining, unsealable, unsealablePlaces, callBodies } = report;
  const lines = [`${looked} secrets looked at: ${resealed} resealed, ${looked - resealed - unsealable} were in order.`];
  if (unsealable > 0) {
    const more = unsealable > unsealablePlaces.length ? ', …' : '';
    lines.push(
      `${unsealable} open under none of the keys in SECRETS_KEY (${unsealablePlaces.join('; ')}${more}): add the key under which they were sealed, at the end, and run this again.`,
    );
  }
  if (remaining > 0) {
    lines.push(
      `${remaining} were sealed under an older key while this ran: a process still has that one in front. Restart every gateway and worker with the new key in front, and run this again.`,
    );
  }
  if (!olderKeys) return lines;
  if (remaining > 0 || unsealable > 0) return [...lines, 'The older keys must stay.'];
  return [
    ...lines,
    callBodies > 0
      ? `Nothing that lasts lies under the older keys any more, but ${callBodies} bodies of calls do, for a day at most. Run this again tomorrow; when none is left, the older keys may go.`
      : 'Nothing lies under the older keys any more. They may go two hours after the last process was restarted with the new key in front: tokens of the virtual WeChat and authorization codes on their way live for so long.',
  ];
}
