import { type ResealReport, reseal } from '@wxthirdparty/platform';
import type { Command } from '../command.ts';
import { readSettings } from '../read-settings.ts';
import { redisBeside } from '../redis-beside.ts';

const REPORT_INTERVAL_MS = 2_000;

export const rotateSecrets: Command = async ({ env, shutdown }) => {
  const settings = readSettings(env, 'rotate-secrets');
  const { databaseUrl, secretsKeys } = settings;
  let reportedAt = performance.now();
  const work = reseal(
    { ...redisBeside(settings), databaseUrl, secretsKeys },
    {
      progress({ looked, resealed }) {
        if (performance.now() - reportedAt < REPORT_INTERVAL_MS) return;
        reportedAt = performance.now();
        console.error(`${looked} secrets checked, ${resealed} re-encrypted …`);
      },
    },
  );
  const report = await shutdown.unlessReceived(work);
  console.log(messageOf(report, secretsKeys.length > 1).join('\n'));
  return report.remaining > 0 || report.unsealable > 0 ? 1 : 0;
};

/** What was done, and whether the older keys can be removed. */
function messageOf(report: ResealReport, hasOlderKeys: boolean): string[] {
  const { looked, resealed, remaining, unsealable, unsealablePlaces, callBodies, pushes } = report;
  const lines = [
    `${looked} secrets checked: ${resealed} re-encrypted, ${looked - resealed - unsealable} already current.`,
  ];
  if (unsealable > 0) {
    const more = unsealable > unsealablePlaces.length ? ', …' : '';
    lines.push(
      `${unsealable} cannot be decrypted with any key in SECRETS_KEY (${unsealablePlaces.join('; ')}${more}): append the key with which they were encrypted, and run this command again.`,
    );
  }
  if (remaining > 0) {
    lines.push(
      `${remaining} were encrypted with an older key while this command ran: a process still has that key first. Restart every gateway and worker with the new key first, and run this command again.`,
    );
  }
  if (!hasOlderKeys) return lines;
  if (remaining > 0 || unsealable > 0) return [...lines, 'The older keys are still needed.'];
  if (pushes > 0) {
    return [
      ...lines,
      `${pushes} of the pushes in the journal still need an older key. Run this command again when PUSH_DAYS have passed; when none remains, the older keys can be removed.`,
    ];
  }
  return [
    ...lines,
    callBodies > 0
      ? `No lasting secret is encrypted with an older key any more, but ${callBodies} bodies of calls are, for at most a day. Run this command again tomorrow; when none remains, the older keys can be removed.`
      : 'No secret is encrypted with an older key any more. Remove the older keys two hours after the last process was restarted with the new key first: tokens of the virtual WeChat and authorization codes in flight are valid for that long.',
  ];
}
