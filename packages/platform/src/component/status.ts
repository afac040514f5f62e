import type { Remedy } from '@wxthirdparty/wechat';
import type { RedisClient } from '../redis/connect.ts';
import { toLocalDate } from '../redis/redis-time.ts';
import { recordedFailure, type TokenStore } from '../token/token-store.ts';
import { componentOwner } from './component-owner.ts';
import type { PushArrivals, RefusedPushes } from './push-arrivals.ts';
import { NotReadyFailure, type NotReadyReason } from './readiness.ts';
import type { Tickets } from './ticket.ts';

export interface ComponentStatus {
  readonly appid: string;
  readonly ready: boolean;
  readonly reasons: readonly NotReadyReason[];
  readonly lastPushAt: Date | null;
  /** Since a push was last accepted. */
  readonly refusedPushes: readonly RefusedPushes[];
  readonly ticket: { readonly receivedAt: Date; readonly expiresAt: Date } | null;
  readonly token: {
    readonly version: number;
    readonly expiresAt: Date | null;
    readonly failure: {
      readonly code: string;
      readonly remedy: Remedy;
      readonly message: string;
      readonly errcode: number | null;
      readonly at: Date;
    } | null;
  } | null;
}

/** Whether a component can act, and if not, why. */
export async function componentStatus(
  redis: RedisClient,
  tickets: Tickets,
  tokens: TokenStore,
  arrivals: PushArrivals,
  component: string,
): Promise<ComponentStatus> {
  const [readiness, pushes, ticket, record] = await Promise.all([
    readReadiness(redis, component),
    arrivals.read(component),
    tickets.view(component),
    tokens.read(componentOwner(component)),
  ]);
  const { failure } = record;
  return {
    appid: component,
    ...readiness,
    lastPushAt: pushes.lastPushAt,
    refusedPushes: pushes.refused,
    ticket: ticket ? { receivedAt: ticket.receivedAt, expiresAt: ticket.expiresAt } : null,
    token:
      record.version === 0 && !failure
        ? null
        : {
            version: record.version,
            expiresAt: record.expiresAt ? toLocalDate(record.expiresAt, record.now) : null,
            failure: failure
              ? {
                  code: failure.code,
                  remedy: failure.remedy,
                  message: failure.message,
                  errcode: failure.errcode ?? null,
                  at: toLocalDate(failure.at, record.now),
                }
              : null,
          },
  };
}

/** Throws NotReadyFailure with the reasons. */
export async function refuseUnlessReady(redis: RedisClient, component: string): Promise<void> {
  const { ready, reasons } = await readReadiness(redis, component);
  if (ready) return;
  const failure = reasons.includes('component_token_failing')
    ? await recordedFailure(redis, componentOwner(component))
    : undefined;
  throw new NotReadyFailure(component, reasons, failure);
}

/** From the flag; without it, also why not. */
export async function readReadiness(
  redis: RedisClient,
  component: string,
): Promise<{ ready: boolean; reasons: readonly NotReadyReason[] }> {
  if ((await redis.exists(redis.keyspace.ready(component))) === 1) return { ready: true, reasons: [] };
  const expiresAt = await redis.hget(redis.keyspace.ticket(component), 'expiresAt');
  if (!expiresAt) return { ready: false, reasons: ['no_ticket'] };
  if (Number(expiresAt) <= Date.now()) return { ready: false, reasons: ['ticket_expired'] };
  return { ready: false, reasons: ['component_token_failing'] };
}
