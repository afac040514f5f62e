import type { AuthorizerStore } from './authorizer/authorizer-store.ts';
import { componentOwner } from './component/component-owner.ts';
import type { Components } from './component/components.ts';
import { readReadiness } from './component/status.ts';
import type { Tickets } from './component/ticket.ts';
import type { DeliveryStore } from './delivery/delivery-store.ts';
import type { GatewayFace } from './gateway-face.ts';
import type { RedisClient } from './redis/connect.ts';
import type { SubscriptionState } from './subscription/subscription.ts';
import type { SubscriptionStore } from './subscription/subscription-store.ts';
import type { RefreshAhead } from './token/refresh-ahead.ts';
import type { TokenStore } from './token/token-store.ts';

/** What metrics export of the state that all processes share. Each part rejects while what it is read from is unreachable. */
export interface SharedState extends Pick<GatewayFace, 'queueStates' | 'redisState'> {
  components(): Promise<readonly ComponentState[]>;
  /** From the database, as the next two. Counted at most every ten seconds. */
  authorizers(): Promise<readonly AuthorizerCount[]>;
  subscriptions(): Promise<Readonly<Record<SubscriptionState, number>>>;
  /** Of each subscription at most 10,000 are counted. `oldestAt`: when the push was accepted; null: none is pending. */
  deliveries(): Promise<{ readonly pending: number; readonly oldestAt: Date | null }>;
}

export interface ComponentState {
  readonly component: string;
  readonly ready: boolean;
  readonly ticket: { readonly receivedAt: Date; readonly expiresAt: Date } | undefined;
  /** Undefined: there was none since Redis was empty. */
  readonly tokenExpiresAt: Date | undefined;
  /** For how long the first of its accounts' tokens has been due for its refresh; 0: none is. */
  readonly overdueMs: number;
}

export interface AuthorizerCount {
  readonly component: string;
  readonly state: string;
  readonly count: number;
}

export interface SharedStateParts {
  readonly redis: RedisClient;
  readonly components: Components;
  readonly tickets: Pick<Tickets, 'view'>;
  readonly tokens: Pick<TokenStore, 'read'>;
  readonly refreshAhead: Pick<RefreshAhead, 'overdueMs'>;
  readonly authorizers: { readonly counter: Pick<AuthorizerStore['counter'], 'totals'> };
  readonly subscriptions: Pick<SubscriptionStore, 'versions' | 'countByState'>;
  readonly deliveries: Pick<DeliveryStore, 'backlog'>;
  readonly gateway: Pick<GatewayFace, 'queueStates' | 'redisState'>;
}

export function openSharedState(parts: SharedStateParts): SharedState {
  const { redis, components, tickets, tokens, refreshAhead, authorizers, subscriptions, deliveries, gateway } = parts;
  const stateOf = async (component: string): Promise<ComponentState> => {
    const [{ ready }, ticket, token, overdueMs] = await Promise.all([
      readReadiness(redis, component),
      tickets.view(component),
      tokens.read(componentOwner(component)),
      refreshAhead.overdueMs(component),
    ]);
    const tokenExpiresAt = token.expiresAt ? new Date(token.expiresAt) : undefined;
    return { component, ready, ticket, tokenExpiresAt, overdueMs };
  };
  return {
    queueStates: gateway.queueStates,
    redisState: gateway.redisState,
    components: () => Promise.all(components.all().map(({ appid }) => stateOf(appid))),
    async authorizers() {
      const all: AuthorizerCount[] = [];
      for (const { appid: component } of components.all()) {
        const { byState } = await authorizers.counter.totals({ component });
        for (const [state, count] of Object.entries(byState)) all.push({ component, state, count });
      }
      return all;
    },
    subscriptions: () => subscriptions.countByState(),
    async deliveries() {
      let pending = 0;
      let oldestAt: Date | null = null;
      // One after the other: nothing waits for it, and each of them takes a connection.
      for (const { id } of await subscriptions.versions()) {
        const backlog = await deliveries.backlog(id);
        pending += backlog.pending;
        if (backlog.oldestAt && (oldestAt === null || backlog.oldestAt < oldestAt)) oldestAt = backlog.oldestAt;
      }
      return { pending, oldestAt };
    },
  };
}
