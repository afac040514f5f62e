import type { Status } from '@wxthirdparty/sdk';
import type { Health } from '../../api/use-health.ts';

export interface Reason {
  readonly code: string;
  /** null: it concerns all components. */
  readonly component: string | null;
  /** WeChat's errcode, if it refused. */
  readonly errcode?: number | null | undefined;
  /** The gateway's own sentence, in English. */
  readonly detail?: string | undefined;
}

export interface Verdict {
  readonly works: 'yes' | 'partly' | 'no' | 'unknown';
  /** Why it does not work. */
  readonly reasons: readonly Reason[];
  /** What is missing, and does not stop it. */
  readonly missing: readonly Reason[];
}

interface Known {
  readonly status: Status | undefined;
  readonly health: Health | undefined;
  readonly failing: boolean;
}

/** What is known about the platform, as one judgement. Undefined: nothing is known yet. */
export function verdictOf({ status, health, failing }: Known): Verdict | undefined {
  const missing = (health?.degraded ?? []).flatMap((what): Reason[] =>
    what === 'redis' ? [] : [{ code: `${what}_away`, component: null }],
  );
  if (health?.redis === false) return { works: 'no', reasons: [{ code: 'redis_away', component: null }], missing };
  // An old status says nothing about now.
  if (failing) return { works: 'unknown', reasons: [], missing };
  if (status === undefined) return undefined;
  if (status.components.length === 0)
    return { works: 'no', reasons: [{ code: 'no_components', component: null }], missing };
  if (!status.ready) return { works: 'no', reasons: status.components.flatMap(reasonsOf), missing };
  return { works: missing.length > 0 ? 'partly' : 'yes', reasons: [], missing };
}

function reasonsOf({ appid, reasons, token }: Status['components'][number]): Reason[] {
  return reasons.map((code) => ({
    code,
    component: appid,
    ...(code === 'component_token_failing'
      ? { errcode: token?.failure?.errcode, detail: token?.failure?.message }
      : {}),
  }));
}
