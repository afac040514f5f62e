import type { PlatformStatus } from '@wxthirdparty/platform';
import { Router } from 'express';
import { z } from 'zod';
import type { Operations } from '../contract/operation.ts';
import { remedy } from '../contract/remedy.ts';
import { time } from '../contract/time.ts';
import type { GatewayPlatform } from '../gateway-platform.ts';

/** Whether a component can act, and why not. */
export const ComponentStatusAnswer = z.object({
  appid: z.string(),
  ready: z.boolean(),
  reasons: z.array(z.enum(['no_ticket', 'ticket_expired', 'component_token_failing'])).readonly(),
  lastPushAt: time.nullable(),
  pushes: z.object({
    lastHour: z.object({
      accepted: z.int(),
      duplicates: z.int(),
      unreadable: z.int(),
      wrongAccount: z.int(),
      tooOld: z.int(),
      refused: z.int(),
      unavailable: z.int(),
    }),
    lastRefusal: z
      .object({ at: time, status: z.int(), reason: z.string(), url: z.enum(['events', 'messages']) })
      .nullable(),
  }),
  refusedPushes: z
    .array(
      z.object({
        reason: z.enum(['decryption', 'appid', 'signature', 'envelope']),
        count: z.int(),
        since: time,
        lastAt: time,
        remedy,
        message: z.string().meta({ description: 'what to set' }),
      }),
    )
    .readonly()
    .meta({ description: 'pushes refused since the last accepted one, by reason' }),
  ticket: z.object({ receivedAt: time, expiresAt: time }).nullable(),
  token: z
    .object({
      version: z.number(),
      expiresAt: time.nullable(),
      failure: z
        .object({ code: z.string(), remedy, message: z.string(), errcode: z.int().nullable(), at: time })
        .nullable(),
    })
    .nullable(),
});

const StatusAnswer = z
  .object({
    ready: z.boolean().meta({ description: 'whether all components are ready' }),
    pushes: z.object({
      waiting: z.int().meta({ description: 'accepted, and not in the journal yet' }),
      oldestMs: z.int(),
      bad: z.int().meta({ description: 'entries that could not be journaled' }),
      stream: z.boolean().meta({ description: 'false while a process of an older version is live' }),
    }),
    redis: z.object({
      masters: z
        .array(z.object({ address: z.string(), answers: z.boolean() }))
        .readonly()
        .meta({ description: 'the primary, or each master of a Cluster' }),
    }),
    subscriptions: z.object({ active: z.int(), failing: z.int(), paused: z.int() }),
    components: z.array(ComponentStatusAnswer),
  })
  .meta({ id: 'Status' });

export const statusOperations: Operations = {
  'GET /v1/status': {
    id: 'getStatus',
    tag: 'Status',
    summary: 'Whether each component is ready, and if not, why',
    answers: { 200: StatusAnswer },
  },
};

export function statusRoutes(platform: GatewayPlatform): Router {
  const routes = Router();
  routes.get('/v1/status', async (_request, response) => {
    const [{ ready, pushes, components }, { answering, missing }] = await Promise.all([
      platform.status(),
      platform.redisServers(),
    ]);
    response.json({
      ready,
      pushes,
      redis: {
        masters: [
          ...answering.map((address) => ({ address, answers: true })),
          ...missing.map((address) => ({ address, answers: false })),
        ],
      },
      subscriptions: platform.subscriptionCounts(),
      components: components.map(componentStatusAnswer),
    } satisfies z.input<typeof StatusAnswer>);
  });
  return routes;
}

/** Member by member, so that nothing that is added to a status gets out by itself. */
export function componentStatusAnswer({
  appid,
  ready,
  reasons,
  lastPushAt,
  pushes,
  refusedPushes,
  ticket,
  token,
}: PlatformStatus['components'][number]): z.input<typeof ComponentStatusAnswer> {
  return {
    appid,
    ready,
    reasons,
    lastPushAt,
    pushes,
    refusedPushes,
    ticket: ticket && { receivedAt: ticket.receivedAt, expiresAt: ticket.expiresAt },
    token: token && { version: token.version, expiresAt: token.expiresAt, failure: token.failure },
  };
}
