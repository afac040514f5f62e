import type { Quota } from '@wxthirdparty/platform';
import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { ComponentQuery, ofOneComponent, oneAccount } from '../contract/one-component.ts';
import type { Operations } from '../contract/operation.ts';
import { PageQuery, pageOf } from '../contract/page.ts';
import { time } from '../contract/time.ts';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { readJson } from '../http/read-json.ts';
import { readQuery } from '../http/read-query.ts';
import type { Shutdown } from '../http/shutdown.ts';
import { callerOf, demandStillValid } from '../key/caller.ts';
import { quotaEventStream } from './quota-event-stream.ts';

/** What `GET /v1/authorizers/:appid/quotas` takes. */
const AccountQuotasQuery = PageQuery.extend(ComponentQuery.shape);

export const QuotaAnswer = z
  .object({
    path: z.string(),
    used: z
      .int()
      .meta({ description: 'today (Beijing time), including usage by other programs, as last reported by WeChat' }),
    limit: z.int().nullable().meta({ description: 'per day; null if unknown' }),
    remaining: z.int().nullable(),
    source: z.enum(['wechat', 'catalogue', 'refusal']).nullable().meta({
      description: 'the source of the limit; after a refusal the limit is at most this',
    }),
    closedUntil: time.nullable().meta({ description: 'no call is sent before this time, except probes' }),
    exhaustedAt: time.nullable().meta({
      description: 'a forecast: when the limit will be reached, today or tomorrow, if usage continues as it is',
    }),
    minute: z
      .object({ used: z.int(), limit: z.int(), seconds: z.number() })
      .nullable()
      .meta({ description: 'the limit per minute, or per so many seconds' }),
  })
  .meta({ id: 'Quota' });

const ClearAnswer = z
  .object({
    cleared: z.literal(true),
    usedThisMonth: z.int().meta({ description: 'clears of this month (Beijing time), of ten' }),
    remainingThisMonth: z.int(),
  })
  .meta({ id: 'QuotaClear' });

const EmptyBody = z.strictObject({});

const aClear = {
  tag: 'Quotas',
  description:
    'WeChat permits ten a month per account, counting all means. The request is sent once and never repeated automatically.',
  body: EmptyBody,
  answers: { 200: ClearAnswer },
} as const;

export const quotaOperations: Operations = {
  'GET /v1/authorizers/:appid/quotas': {
    id: 'listQuotas',
    tag: 'Quotas',
    summary: 'What an account has used of each API today, and when the quota will be exhausted',
    query: AccountQuotasQuery,
    answers: { 200: pageOf(QuotaAnswer) },
    problems: [...oneAccount],
  },
  'GET /v1/components/:appid/quotas': {
    id: 'listComponentQuotas',
    tag: 'Quotas',
    summary: 'The same for the component’s own APIs: tokens, pre-auth codes, exchanges',
    query: PageQuery,
    answers: { 200: pageOf(QuotaAnswer) },
    problems: ['unknown_component'],
  },
  'GET /v1/quotas/events': {
    id: 'followQuotas',
    tag: 'Quotas',
    summary: 'Warnings when four fifths of a quota are used, and when all of it is',
    description: '`Last-Event-ID` resumes after an event; `0` starts with the oldest that is stored.',
    answers: {
      200: {
        contentType: 'text/event-stream',
        description:
          'Events `quota.warning` and `quota.exhausted`, each with `{"component","appid","path","used","limit","at"}`.',
      },
    },
  },
  'POST /v1/authorizers/:appid/quotas/clear': {
    ...aClear,
    id: 'clearQuotas',
    summary: 'Clears all quotas of an account at WeChat',
    query: ComponentQuery,
    problems: [...oneAccount, 'reauthorize', 'quota_closed', 'overloaded'],
  },
  'POST /v1/components/:appid/quotas/clear': {
    ...aClear,
    id: 'clearComponentQuotas',
    summary: 'Clears the component’s own quotas, with its secret: it works even without a component token',
    problems: ['unknown_component', 'quota_closed'],
  },
};

export function quotaRoutes(platform: GatewayPlatform, shutdown: Shutdown): Router {
  const routes = Router();

  routes.get('/v1/authorizers/:appid/quotas', async (request, response) => {
    const { appid } = request.params;
    const page = await platform.quotas.list({ ...readQuery(AccountQuotasQuery, request.query), appid });
    response.json({ items: page.items.map(quotaAnswer), next: page.next });
  });

  routes.get('/v1/components/:appid/quotas', async (request, response) => {
    const { appid } = request.params;
    const filter = { ...readQuery(PageQuery, request.query), appid, component: appid };
    const page = await platform.quotas.list(filter);
    response.json({ items: page.items.map(quotaAnswer), next: page.next });
  });

  routes.get('/v1/quotas/events', async (request, response) => {
    const { accounts } = callerOf(response).rights;
    await quotaEventStream(response, shutdown, {
      events: platform.quotaEvents,
      lastSeen: request.get('last-event-id'),
      wants: ({ appid }) => accounts.length === 0 || accounts.includes(appid),
      demandStillValid: () => demandStillValid(response),
    });
  });

  const clears =
    (clear: (request: Request<{ appid: string }>) => ReturnType<GatewayPlatform['quotaClearing']['ofComponent']>) =>
    async (request: Request<{ appid: string }>, response: Response) => {
      await readJson(request, EmptyBody);
      const { usedThisMonth, remainingThisMonth } = await clear(request);
      response.json({ cleared: true, usedThisMonth, remainingThisMonth } satisfies z.input<typeof ClearAnswer>);
    };
  routes.post(
    '/v1/authorizers/:appid/quotas/clear',
    clears(({ params, query }) => platform.quotaClearing.ofAccount(params.appid, ofOneComponent(query))),
  );
  routes.post(
    '/v1/components/:appid/quotas/clear',
    clears(({ params }) => platform.quotaClearing.ofComponent(params.appid)),
  );

  return routes;
}

/** Member by member, so that nothing that is added to a quota gets out by itself. */
export function quotaAnswer(quota: Quota): z.input<typeof QuotaAnswer> {
  return {
    path: quota.path,
    used: quota.used,
    limit: quota.limit ?? null,
    remaining: quota.remaining ?? null,
    source: quota.source ?? null,
    closedUntil: quota.closedUntil ?? null,
    exhaustedAt: quota.exhaustedAt ?? null,
    minute: quota.minute ? { used: quota.minute.used, limit: quota.minute.calls, seconds: quota.minute.seconds } : null,
  };
}
