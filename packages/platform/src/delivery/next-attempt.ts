import type { Subscription } from '../subscription/subscription.ts';

type Waiting = Pick<Subscription, 'state' | 'probeAt' | 'holdUntil'>;

/** Whether deliveries of a subscription wait although they are due. A paused one waits for no time. */
export function waits({ state, holdUntil }: Waiting, now: Date): boolean {
  switch (state) {
    case 'paused':
      return false;
    case 'failing':
      return true;
    case 'active':
      return holdUntil !== null && holdUntil > now;
    default:
      return state satisfies never;
  }
}

/** When a subscription that waits is tried next. `dueAt`: of its first pending delivery. */
export function nextAttemptAt({ probeAt, holdUntil }: Waiting, dueAt: Date): Date {
  return new Date(Math.max(dueAt.getTime(), probeAt?.getTime() ?? 0, holdUntil?.getTime() ?? 0));
}
