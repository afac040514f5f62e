import type { KeyScope } from '@wxthirdparty/platform';

export interface RouteRight {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** The same as in the route. */
  readonly path: string;
  /** `any`: every valid key. */
  readonly scope: KeyScope | 'any';
  /**
   * How a key that is restricted to certain accounts is checked. `named`: the account is `:appid`. `call`: it is in the call's id.
   * `route`: the route itself checks it (callerOf). `all`: the route concerns all accounts,
   * so such a key is refused. `none`: it concerns no account.
   */
  readonly accounts: 'named' | 'call' | 'route' | 'all' | 'none';
  /** The route calls WeChat without checking the path (callerOf), so a key that is restricted to certain paths is refused. */
  readonly paths?: 'all';
  /** The route writes the audit entry itself, in the transaction of its change. */
  readonly auditsItself?: true;
  /** Consoles read it every few seconds, and it shows nothing of accounts; so it is not audited. */
  readonly isPolled?: true;
}

/** For a route that is missing in the table: only operators may use it. */
export const unlisted = { scope: 'admin', accounts: 'all', paths: 'all' } as const satisfies Partial<RouteRight>;

/** The rights that each route requires; the first match counts, as for the routes themselves. */
export const routeRights: readonly RouteRight[] = [
  route('get /v1/status', 'any', 'none'),
  route('get /v1/activity', 'authorizers:read', 'all'),
  route('get /v1/explain/:errcode', 'any', 'none'),
  { ...route('post /v1/doctor', 'admin', 'all'), auditsItself: true },

  route('post /v1/authorizers/:appid/calls', 'calls', 'named'),
  route('get /v1/authorizers/:appid/lane', 'calls', 'named'),
  route('get /v1/calls/:id', 'calls', 'call'),
  route('delete /v1/calls/:id', 'calls', 'call'),
  route('get /v1/calls', 'calls', 'route'),
  route('post /v1/calls/batch', 'calls', 'route'),
  route('post /v1/components/:appid/calls', 'calls', 'named'),
  route('post /v1/authorizers/:appid/js-config', 'calls', 'named'),
  { ...route('get /v1/authorizers/:appid/quotas', 'calls', 'named'), paths: 'all' },
  { ...route('get /v1/components/:appid/quotas', 'calls', 'named'), paths: 'all' },
  { ...route('get /v1/quotas/events', 'calls', 'route'), paths: 'all' },
  { ...route('post /v1/authorizers/:appid/quotas/clear', 'admin', 'named'), paths: 'all' },
  { ...route('post /v1/components/:appid/quotas/clear', 'admin', 'named'), paths: 'all' },

  route('get /v1/authorizers', 'authorizers:read', 'route'),
  route('get /v1/authorizers/totals', 'authorizers:read', 'route'),
  route('get /v1/components', 'authorizers:read', 'route'),
  route('get /v1/components/:appid', 'authorizers:read', 'route'),
  route('get /v1/authorizers/:appid', 'authorizers:read', 'named'),
  route('patch /v1/authorizers/:appid', 'authorizers:write', 'named'),
  route('get /v1/authorizers/:appid/history', 'authorizers:read', 'named'),
  route('get /v1/authorizers/:appid/options/:name', 'authorizers:read', 'named'),
  route('put /v1/authorizers/:appid/options/:name', 'authorizers:write', 'named'),
  route('post /v1/authorizers/reconcile', 'authorizers:write', 'all'),
  route('get /v1/reconciliations', 'authorizers:read', 'all'),
  route('get /v1/reconciliations/:id', 'authorizers:read', 'all'),
  route('post /v1/components/:appid/authorization-links', 'authorizers:write', 'all'),
  route('get /v1/authorization-links', 'authorizers:read', 'route'),
  route('get /v1/authorization-links/:id', 'authorizers:read', 'route'),
  route('post /v1/components/:appid/authorizations', 'authorizers:write', 'route'),

  route('post /v1/components/:appid/release-rehearsals', 'admin', 'all'),
  route('get /v1/release-checks', 'authorizers:read', 'all'),
  route('get /v1/release-checks/:id', 'authorizers:read', 'all'),

  route('get /v1/authorizers/:appid/followers', 'followers:read', 'named'),
  route('get /v1/authorizers/:appid/followers.ndjson', 'followers:read', 'named'),
  route('get /v1/authorizers/:appid/followers.csv', 'followers:read', 'named'),
  route('get /v1/authorizers/:appid/followers/counts', 'followers:read', 'named'),
  route('get /v1/authorizers/:appid/followers/growth', 'followers:read', 'named'),
  route('get /v1/authorizers/:appid/follower-syncs', 'followers:read', 'named'),
  route('post /v1/authorizers/:appid/follower-syncs', 'authorizers:write', 'named'),
  route('get /v1/authorizers/:appid/follower-sync-schedule', 'followers:read', 'named'),
  route('put /v1/authorizers/:appid/follower-sync-schedule', 'authorizers:write', 'named'),
  route('delete /v1/authorizers/:appid/follower-sync-schedule', 'authorizers:write', 'named'),
  route('get /v1/follower-syncs', 'followers:read', 'route'),
  route('get /v1/follower-syncs/:id', 'followers:read', 'route'),
  route('get /v1/follower-syncs/:id/events', 'followers:read', 'route'),
  route('post /v1/follower-syncs/:id/pause', 'authorizers:write', 'route'),
  route('post /v1/follower-syncs/:id/resume', 'authorizers:write', 'route'),
  route('post /v1/follower-syncs/:id/cancel', 'authorizers:write', 'route'),

  { ...route('post /v1/subscriptions', 'pushes:write', 'route'), auditsItself: true },
  route('get /v1/subscriptions', 'pushes:read', 'route'),
  route('get /v1/subscriptions/:id', 'pushes:read', 'route'),
  { ...route('patch /v1/subscriptions/:id', 'pushes:write', 'route'), auditsItself: true },
  { ...route('delete /v1/subscriptions/:id', 'pushes:write', 'route'), auditsItself: true },
  { ...route('post /v1/subscriptions/:id/rotate-secret', 'pushes:write', 'route'), auditsItself: true },
  { ...route('post /v1/subscriptions/:id/pause', 'pushes:write', 'route'), auditsItself: true },
  { ...route('post /v1/subscriptions/:id/resume', 'pushes:write', 'route'), auditsItself: true },
  route('post /v1/subscriptions/:id/test', 'pushes:write', 'route'),
  route('post /v1/subscriptions/:id/replays', 'pushes:write', 'route'),
  route('get /v1/subscriptions/:id/deliveries/:push', 'pushes:read', 'route'),
  route('post /v1/subscriptions/:id/deliveries/:push/retry', 'pushes:write', 'route'),
  route('get /v1/replays/:id', 'pushes:read', 'route'),
  route('post /v1/replays/:id/cancel', 'pushes:write', 'route'),
  route('get /v1/deliveries', 'pushes:read', 'route'),
  route('post /v1/pushes/:id/replay', 'pushes:write', 'route'),

  route('get /v1/pushes', 'pushes:read', 'route'),
  route('get /v1/pushes/:id', 'pushes:read', 'route'),
  { ...route('delete /v1/authorizers/:appid/people/:openid/pushes', 'authorizers:write', 'named'), auditsItself: true },
  { ...route('delete /v1/authorizers/:appid/pushes', 'authorizers:write', 'named'), auditsItself: true },
  { ...route('delete /v1/authorizers/:appid/followers', 'authorizers:write', 'named'), auditsItself: true },
  route('get /v1/push-types', 'pushes:read', 'none'),
  route('post /v1/pushes/:id/reply', 'pushes:write', 'route'),

  { ...route('get /v1/processes', 'admin', 'none'), isPolled: true },
  { ...route('get /v1/redis', 'admin', 'none'), isPolled: true },
  { ...route('get /v1/queues', 'admin', 'none'), isPolled: true },

  route('get /v1/keys', 'admin', 'none'),
  { ...route('post /v1/keys', 'admin', 'none'), auditsItself: true },
  { ...route('delete /v1/keys/:id', 'admin', 'none'), auditsItself: true },
  route('get /v1/audit', 'admin', 'none'),
  route('get /v1/alarms', 'admin', 'none'),
  route('get /v1/alarm-channels', 'admin', 'none'),
  route('post /v1/alarm-channels/:id/test', 'admin', 'none'),
];

function route(
  name: `${RouteRight['method']} /v1/${string}`,
  scope: RouteRight['scope'],
  accounts: RouteRight['accounts'],
): RouteRight {
  const [method, path] = name.split(' ') as [RouteRight['method'], string];
  return { method, path, scope, accounts };
}
