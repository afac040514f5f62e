/** A follower sync as the gateway shows it. */
export interface ShownSync {
  readonly id: string;
  readonly state: string;
  readonly phase: string;
  readonly details: boolean;
  readonly listed: number;
  readonly detailed: number;
  /** Gateways of an older version do not show it. */
  readonly withoutDetails?: number;
  readonly total: number | null;
  readonly ratePerSecond: number | null;
  readonly waitingUntil: string | null;
  readonly error: { readonly message: string } | null;
}

export function isOver({ state }: ShownSync): boolean {
  return state === 'completed' || state === 'failed' || state === 'cancelled';
}
