import { AlarmSender } from './alarm/alarm-sender.ts';
import { AlarmStore } from './alarm/alarm-store.ts';
import { alarmTimes } from './alarm/alarm-times.ts';
import { Alarms } from './alarm/alarms.ts';
import { ChannelSender } from './alarm/channel-sender.ts';
import { deploymentName } from './alarm/deployment-name.ts';
import { Outbox } from './alarm/outbox.ts';
import type { Foundation } from './open-foundation.ts';
import type { Scope } from './scope.ts';

/** The scope closes what is opened. */
export function openAlarms({ settings, events, failFastRedis, presence }: Foundation, scope: Scope): Alarms {
  const { deliveryNets, publicUrl } = settings;
  const { channels, speed } = settings.alarms;
  const times = alarmTimes(speed);
  const outbox = new Outbox(failFastRedis, times);
  const sender = new ChannelSender({ name: deploymentName(publicUrl), deliveryNets });
  scope.keep('alarm channels', sender, (s) => s.close());
  const alarmSender = new AlarmSender({ channels, sender, outbox, times, events });
  scope.keep('alarm sender', alarmSender, (s) => s.close());
  const ids = channels.map(({ id }) => id);
  const store = new AlarmStore(failFastRedis, times, ids);
  return new Alarms({ store, outbox, channels, sender, alarmSender, times, process: presence, events });
}
