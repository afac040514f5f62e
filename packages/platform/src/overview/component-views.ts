import type { ActivityStore, PushActivity } from '../component/activity-store.ts';
import type { Components } from '../component/components.ts';
import type { ComponentStatus } from '../component/status.ts';
import type { Quota, Quotas } from '../quota/quotas.ts';
import type { Reconciliation, ReconciliationStore } from '../reconciliation/reconciliation-store.ts';
import type { RefusedAddress, RefusedAddresses } from '../token/refused-addresses.ts';

/** A component's own APIs are few. */
const MAX_QUOTAS = 100;

export interface ComponentView extends ComponentStatus {
  readonly pushes: PushActivity;
  /** The address of ours that WeChat refused last. */
  readonly refusedIp: RefusedAddress | null;
  readonly quotas: readonly Quota[];
  readonly lastReconciliation: Reconciliation | null;
}

export interface ComponentViewParts {
  readonly components: Components;
  readonly status: (component: string) => Promise<ComponentStatus>;
  readonly activity: Pick<ActivityStore, 'read'>;
  readonly refused: Pick<RefusedAddresses, 'last'>;
  readonly quotas: Pick<Quotas, 'list'>;
  readonly reconciliations: Pick<ReconciliationStore, 'latest'>;
}

/** Everything that an operator has to know of a component. */
export class ComponentViews {
  readonly #parts: ComponentViewParts;

  constructor(parts: ComponentViewParts) {
    this.#parts = parts;
  }

  all(): Promise<ComponentView[]> {
    return Promise.all(this.#parts.components.all().map(({ appid }) => this.#view(appid)));
  }

  /** Throws Failure `unknown_component`. */
  async find(appid: string): Promise<ComponentView> {
    return this.#view(this.#parts.components.get(appid).appid);
  }

  async #view(appid: string): Promise<ComponentView> {
    const { status, activity, refused, quotas, reconciliations } = this.#parts;
    const [is, pushes, refusedIp, own, lastReconciliation] = await Promise.all([
      status(appid),
      activity.read(appid),
      refused.last(appid),
      quotas.list({ appid, component: appid, limit: MAX_QUOTAS }),
      reconciliations.latest(appid),
    ]);
    return { ...is, pushes, refusedIp, quotas: own.items, lastReconciliation: lastReconciliation ?? null };
  }
}
