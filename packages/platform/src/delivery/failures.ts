import type { Seals } from '../sealing/seals.ts';
import type { DeliveryCode, FailedAttempt } from './delivery.ts';

interface StoredFailure {
  readonly number: number;
  /** ISO 8601. */
  readonly at: string;
  readonly status: number | null;
  readonly code: DeliveryCode;
  readonly ms: number;
  readonly answer: string | null;
}

interface Key {
  readonly subscription: string;
  readonly push: string;
}

/** Sealed, since an answer can be personal. */
export function sealFailures(seals: Seals, key: Key, failures: readonly FailedAttempt[]): string {
  return seals.seal(JSON.stringify(failures), placeOf(key));
}

/** None if no listed key opens them: they only explain, and the delivery goes on without them. */
export function openFailures(seals: Seals, key: Key, sealed: string | null): FailedAttempt[] {
  const text = sealed === null ? undefined : seals.openIfPossible(sealed, placeOf(key));
  if (text === undefined) return [];
  return (JSON.parse(text) as StoredFailure[]).map((failure) => ({ ...failure, at: new Date(failure.at) }));
}

function placeOf({ subscription, push }: Key): string {
  return `deliveries/${subscription}/${push}/failures`;
}
