import type { RefreshAhead } from '../token/refresh-ahead.ts';
import type { Tokens } from '../token/tokens.ts';

const BATCH_SIZE = 500;

export interface RefreshDueParts {
  readonly refreshAhead: Pick<RefreshAhead, 'claimAll' | 'inUse' | 'drop'>;
  readonly tokens: Pick<Tokens, 'askForRefresh'>;
}

/** Enqueues the refresh of everything that is due, however much that is; what is no longer in use is dropped. */
export async function refreshDue(
  { refreshAhead, tokens }: RefreshDueParts,
  component: string,
  signal: AbortSignal,
): Promise<void> {
  let failure: unknown;
  for await (const batch of refreshAhead.claimAll(component, BATCH_SIZE)) {
    const done = await Promise.allSettled(
      batch.map(async (owner) => {
        if (await refreshAhead.inUse(owner)) await tokens.askForRefresh(owner);
        else await refreshAhead.drop(owner);
      }),
    );
    failure ??= done.find((one) => one.status === 'rejected')?.reason;
    // They are due again in a minute.
    if (signal.aborted) break;
  }
  if (failure !== undefined) throw failure;
}
