import type { AlarmNotice } from '../src/alarm/alarm.ts';

/** A notice of an open alarm of the highest severity. */
export function notice(changes: Partial<AlarmNotice> = {}, alarm: Partial<AlarmNotice['alarm']> = {}): AlarmNotice {
  const openedAt = new Date('2026-11-29T06:03:00.000Z');
  return {
    news: 'opened',
    at: new Date('2026-11-29T06:05:00.000Z'),
    alarm: {
      id: 'al_1',
      rule: 'ticket_late',
      severity: 'page',
      component: 'wxc',
      cause: { zh: '组件 wxc 已 60 分钟没有收到票据。', en: 'Component wxc has received no ticket for 60 minutes.' },
      remedy: { zh: '核对消息接收地址和密钥。', en: 'Check the push URL and the keys.' },
      link: 'https://wx.example.com/admin/alarms',
      processes: [{ id: 'p1', host: 'h1', note: null }],
      openedAt,
      closedAt: null,
      ...alarm,
    },
    ...changes,
  };
}
