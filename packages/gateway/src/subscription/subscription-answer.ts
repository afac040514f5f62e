import { formatSecret, type Subscription, type SubscriptionSecrets } from '@wxthirdparty/platform';
import type { Response } from 'express';
import type { z } from 'zod';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { callerOf } from '../key/caller.ts';
import type { SecretsAnswer, SubscriptionAnswer } from './subscription-schema.ts';

/** A subscription as the caller may see it. Member by member, so that no secret gets out by itself. */
export async function subscriptionAnswer(
  platform: GatewayPlatform,
  subscription: Subscription,
  response: Response,
): Promise<z.input<typeof SubscriptionAnswer>> {
  const mayWrite = callerOf(response).rights.scopes.includes('pushes:write');
  const shownUrl = (url: string) => (mayWrite ? url : new URL(url).origin);
  const { lastFailure, lastTicket } = subscription;
  const [backlog, nextAttemptAt, createdByName] = await Promise.all([
    platform.deliveries.backlog(subscription.id),
    platform.deliveries.nextAttemptAt(subscription),
    platform.apiKeys.nameOf(subscription.createdBy),
  ]);
  return {
    id: subscription.id,
    name: subscription.name,
    url: shownUrl(subscription.url),
    messageUrl: subscription.messageUrl === null ? null : shownUrl(subscription.messageUrl),
    format: subscription.format,
    mode: subscription.mode,
    component: subscription.component,
    filter: subscription.filter,
    reply: subscription.reply,
    maxInFlight: subscription.maxInFlight,
    timeoutMs: subscription.timeoutMs,
    giveUpAfterMs: subscription.giveUpAfterMs,
    state: subscription.state,
    reason: subscription.reason,
    failingSince: subscription.failingSince,
    lastSuccessAt: subscription.lastSuccessAt,
    behindSince: subscription.behindSince,
    nextAttemptAt,
    backlog,
    lastFailure: lastFailure && { code: lastFailure.code, status: lastFailure.status, at: lastFailure.at },
    lastTicket: lastTicket && { at: lastTicket.at, status: lastTicket.status, code: lastTicket.code },
    createdBy: subscription.createdBy,
    createdByName: createdByName ?? null,
    createdAt: subscription.createdAt,
    updatedAt: subscription.updatedAt,
  };
}

/** Only right after they were made. */
export function secretsAnswer({ signing, wechat }: SubscriptionSecrets): z.input<typeof SecretsAnswer> {
  const newest = signing[0];
  if (newest === undefined) throw new Error('a subscription has no signing secret');
  return { secret: formatSecret(newest.secret), ...(wechat ?? {}) };
}
