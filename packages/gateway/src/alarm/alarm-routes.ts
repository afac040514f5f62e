import { alarmAnswer, channelKinds } from '@wxthirdparty/platform';
import { Router } from 'express';
import { z } from 'zod';
import { Explanation } from '../contract/explanation.ts';
import type { Operations } from '../contract/operation.ts';
import { PageQuery, pageOf } from '../contract/page.ts';
import { time } from '../contract/time.ts';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { readQuery } from '../http/read-query.ts';

const AlarmsQuery = PageQuery.extend({
  state: z
    .enum(['open', 'closed'], 'open or closed')
    .default('open')
    .meta({ description: 'closed: the last 500, for 30 days' }),
});

const AlarmAnswer = z
  .object({
    id: z.string().meta({ description: 'of this occurrence' }),
    rule: z.string().meta({ description: 'stable; see the table of alarms in the documentation' }),
    severity: z.enum(['page', 'warn']).meta({ description: 'page: act now' }),
    component: z.string().nullable().meta({ description: 'null: it concerns the whole deployment' }),
    processes: z
      .array(
        z.object({
          id: z.string(),
          host: z.string(),
          note: z.string().nullable().meta({ description: 'what differs between processes, such as an address' }),
        }),
      )
      .readonly()
      .meta({ description: 'the processes that report it' }),
    openedAt: time.meta({ description: 'when the fault was first reported' }),
    closedAt: time.nullable().meta({ description: 'when it was last reported; null: it is open' }),
    cause: Explanation,
    remedy: Explanation,
    link: z.string().nullable().meta({ description: 'a page of the console' }),
  })
  .meta({ id: 'Alarm' });

const ChannelAnswer = z
  .object({
    id: z.string().meta({ description: 'kind and number, in the order of ALARM_WEBHOOKS' }),
    kind: z.enum(channelKinds),
    host: z.string().meta({ description: 'the rest of the URL is a secret' }),
    lastSentAt: time.nullable(),
    lastFailure: z
      .object({
        at: time,
        status: z.int().nullable().meta({ description: 'of HTTP; null: no answer' }),
        answer: z.string().meta({ description: 'of the receiver, or why there is none' }),
        remedy: Explanation,
      })
      .nullable(),
  })
  .meta({ id: 'AlarmChannel' });

const ChannelTestAnswer = z
  .object({
    sent: z.boolean().meta({ description: 'whether the channel accepted the message' }),
    status: z.int().nullable().meta({ description: 'of HTTP; null: no answer' }),
    answer: z.string().meta({ description: 'of the receiver, or why there is none' }),
    ms: z.int(),
    remedy: Explanation.nullable().meta({ description: 'null: it was sent' }),
  })
  .meta({ id: 'AlarmChannelTest' });

export const alarmOperations: Operations = {
  'GET /v1/alarms': {
    id: 'listAlarms',
    tag: 'Alarms',
    summary: 'Open alarms, or the last that were closed; the newest first',
    query: AlarmsQuery,
    answers: { 200: pageOf(AlarmAnswer) },
  },
  'GET /v1/alarm-channels': {
    id: 'listAlarmChannels',
    tag: 'Alarms',
    summary: 'Where alarms are sent: the webhooks of ALARM_WEBHOOKS',
    answers: { 200: pageOf(ChannelAnswer) },
  },
  'POST /v1/alarm-channels/:id/test': {
    id: 'testAlarmChannel',
    tag: 'Alarms',
    summary: 'Sends a test message to a channel and shows its answer',
    answers: { 200: ChannelTestAnswer },
    problems: ['unknown_alarm_channel'],
  },
};

export function alarmRoutes(platform: GatewayPlatform): Router {
  const routes = Router();

  routes.get('/v1/alarms', async (request, response) => {
    const { state, ...page } = readQuery(AlarmsQuery, request.query);
    const { items, next } = await platform.alarms.list(state, page);
    response.json({ items: items.map(alarmAnswer) satisfies z.input<typeof AlarmAnswer>[], next });
  });

  routes.get('/v1/alarm-channels', async (_request, response) => {
    const items = await platform.alarms.channels();
    response.json({ items: [...items] satisfies z.input<typeof ChannelAnswer>[], next: null });
  });

  routes.post('/v1/alarm-channels/:id/test', async (request, response) => {
    const abandoned = new AbortController();
    response.once('close', () => abandoned.abort());
    const { sent, status, answer, ms, remedy } = await platform.alarms.test(request.params.id, abandoned.signal);
    response.json({ sent, status, answer, ms, remedy } satisfies z.input<typeof ChannelTestAnswer>);
  });

  return routes;
}
