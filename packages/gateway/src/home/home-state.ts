import type { GatewayPlatform } from '../gateway-platform.ts';

export type NotReadyReason = Awaited<ReturnType<GatewayPlatform['status']>>['components'][number]['reasons'][number];
type RefusalReason = Awaited<
  ReturnType<GatewayPlatform['status']>
>['components'][number]['refusedPushes'][number]['reason'];

/** What the home page shows. It is public, so it holds neither messages of WeChat nor anything of an account. */
export interface HomeState {
  /** Undefined while Redis does not answer. */
  readonly components: readonly HomeComponent[] | undefined;
  /** Active accounts of all components; undefined while the database does not answer. */
  readonly accounts: number | undefined;
  /** How many are in each state, as this process read them last. */
  readonly subscriptions: ReturnType<GatewayPlatform['subscriptionCounts']>;
  /** What does not answer this process, or refuses it. */
  readonly unavailable: readonly ('redis' | 'database' | 'wechat')[];
}

export interface HomeComponent {
  readonly appid: string;
  readonly ready: boolean;
  readonly reasons: readonly NotReadyReason[];
  /** WeChat's errcode for the last token request, if that failed. */
  readonly errcode: number | null;
  readonly lastPushAt: Date | null;
  /** Why pushes were refused since the last accepted one. */
  readonly refusedPushes: readonly RefusalReason[];
}

type Sources = Pick<GatewayPlatform, 'status' | 'health' | 'subscriptionCounts'> & {
  readonly authorizers: Pick<GatewayPlatform['authorizers'], 'countActive'>;
};

export async function readHomeState(platform: Sources): Promise<HomeState> {
  const [status, accounts, health] = await Promise.all([
    platform.status().catch(() => undefined),
    platform.authorizers.countActive().catch(() => undefined),
    platform.health(),
  ]);
  const { redis, database, wechat = true } = health;
  const answers = { redis: redis && status !== undefined, database: database && accounts !== undefined, wechat };
  return {
    components: status?.components.map(({ appid, ready, reasons, token, lastPushAt, refusedPushes }) => ({
      appid,
      ready,
      reasons,
      errcode: token?.failure?.errcode ?? null,
      lastPushAt,
      refusedPushes: refusedPushes.map(({ reason }) => reason),
    })),
    accounts,
    subscriptions: platform.subscriptionCounts(),
    unavailable: (['redis', 'database', 'wechat'] as const).filter((name) => !answers[name]),
  };
}
