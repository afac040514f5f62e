import { type AlarmNotice, alarmId } from './alarm.ts';
import type { AlarmChannel } from './channel.ts';

/** What the test of a channel sends. */
export function testNotice({ id }: Pick<AlarmChannel, 'id'>, at: Date): AlarmNotice {
  return {
    news: 'test',
    at,
    alarm: {
      id: alarmId(`test ${id}`, at),
      rule: 'test',
      severity: 'warn',
      component: null,
      cause: {
        zh: `这是一条测试消息：告警渠道 ${id} 可以使用。`,
        en: `This is a test: the alarm channel ${id} works.`,
      },
      remedy: { zh: '无需处理。', en: 'Nothing has to be done.' },
      link: null,
      processes: [],
      openedAt: at,
      closedAt: null,
    },
  };
}
