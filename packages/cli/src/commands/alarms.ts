import { ChannelSender, deploymentName, testNotice } from '@wxthirdparty/platform';
import type { Command } from '../command.ts';
import { readArguments, UsageError } from '../read-arguments.ts';
import { readSettings } from '../read-settings.ts';
import { SettingsFailure } from '../settings-failure.ts';

/** Sends a test message to each alarm channel. */
export const alarms: Command = async ({ env, args: [what, ...args], shutdown }) => {
  if (what !== 'test') throw new UsageError('The only use of this command is "alarms test".');
  const { values } = readArguments(args, { channel: { type: 'string' } });
  const { alarms: given, deliveryNets, publicUrl } = readSettings(env, 'alarms');
  if (given.channels.length === 0)
    throw new SettingsFailure(['ALARM_WEBHOOKS is not set, so alarms are sent nowhere.']);
  const channels = given.channels.filter(({ id }) => values.channel === undefined || id === values.channel);
  if (channels.length === 0) {
    const ids = given.channels.map(({ id }) => id).join(', ');
    throw new UsageError(`ALARM_WEBHOOKS has no channel ${values.channel}; it has ${ids}.`);
  }
  const sender = new ChannelSender({ name: deploymentName(publicUrl), deliveryNets });
  const interrupted = new AbortController();
  void shutdown.received.then(() => interrupted.abort());
  try {
    const results = await Promise.all(
      channels.map(async (channel) => ({
        channel,
        result: await sender.send(channel, [testNotice(channel, new Date())], interrupted.signal),
      })),
    );
    for (const { channel, result } of results) {
      const { sent, status, answer, ms, remedy } = result;
      console.log(`${channel.id} (${channel.host}): ${sent ? 'sent' : 'not sent'}, ${ms} ms`);
      console.log(`  answer: ${status === null ? '' : `HTTP ${status} `}${answer}`);
      if (remedy !== null) console.log(`  ${remedy.zh}\n  ${remedy.en}`);
    }
    return results.every(({ result }) => result.sent) ? 0 : 1;
  } finally {
    await sender.close();
  }
};
