const MINUTE_MS = 60_000;

export interface TokenTimes {
  /** From when on a refresh is due. */
  readonly refreshInMs: number;
  /** For how long calls may depart with it. */
  readonly trustForMs: number;
}

/**
 * Refresh ten minutes before the end, with jitter so that a hundred thousand accounts do not fall due at once; short
 * lifetimes (WeChat's documents show 600 s, the simulator speeds time up) keep their proportions.
 */
export function timesOf(expiresInMs: number, random: () => number = Math.random): TokenTimes {
  const ahead = Math.min(10 * MINUTE_MS, expiresInMs / 6);
  const jitter = random() * Math.min(2 * MINUTE_MS, expiresInMs / 20);
  const margin = Math.min(MINUTE_MS, expiresInMs / 20);
  return {
    refreshInMs: Math.floor(expiresInMs - ahead - jitter),
    trustForMs: Math.floor(expiresInMs - margin),
  };
}
