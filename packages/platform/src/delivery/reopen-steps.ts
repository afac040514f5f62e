import type { BulkStep } from '../database/bulk.ts';

/** Makes settled deliveries due again, with the whole schedule; pending ones are not touched. `replay` null: as before. */
export function reopenSteps(
  subscription: string,
  pushes: readonly string[],
  replay: string | null,
  now: Date,
): BulkStep[] {
  if (pushes.length === 0) return [];
  const at = now.getTime();
  return [
    {
      each:
        "update deliveries set state = 'pending', pending_at = ?, opened_at = ?, settled_at = null, " +
        'replay = coalesce(?, replay) where subscription = ? and push = ? and pending_at is null',
      width: 5,
      key: [3, 4],
      values: pushes.flatMap((push) => [at, at, replay, subscription, push]),
    },
  ];
}

/** Makes a pending delivery due now. */
export function hastenStep(subscription: string, push: string, now: Date): BulkStep {
  return {
    text: 'update deliveries set pending_at = ? where subscription = ? and push = ? and pending_at > ?',
    parameters: [now.getTime(), subscription, push, now.getTime()],
  };
}
