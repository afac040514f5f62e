/** A follower sync as the gateway shows it. */
export interface ShownSync {
  readonly id: string;
  readonly state: string;
  readonly phase: string;
  readonly details: boolean;
  readonly listed: number;
  readonly detailed: number;
  /** Missing in answers of gateways of an older version. */
  readonly withoutDetails?: number;
  readonly total: number | null;
  readonly ratePerSecond: number | null;
  readonly waitingUntil: string | null;
  readonly error: { readonly message: string } | null;
}

export function isFinished({ state }: ShownSync): boolean {
  return state === 'completed' || state === 'failed' || state === 'cancelled';
}
