const DAY_MS = 24 * 60 * 60_000;
const MINUTE_MS = 60_000;
/** WeChat and the merchants count days by the time of Shanghai, which has no daylight saving. */
export const BEIJING_OFFSET_MS = 8 * 60 * MINUTE_MS;

/** `2026-11-22`, of the Beijing day with this number (days since 1970). */
export function beijingDate(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

export function beijingDay(at: number): number {
  return Math.floor((at + BEIJING_OFFSET_MS) / DAY_MS);
}

/** The first moment after `now` (ms) at which it is `HH:MM` in Beijing. */
export function nextBeijing(time: string, now: number): number {
  const [hours, minutes] = time.split(':').map(Number);
  const midnight = beijingDay(now) * DAY_MS - BEIJING_OFFSET_MS;
  const today = midnight + (hours! * 60 + minutes!) * MINUTE_MS;
  return today > now ? today : today + DAY_MS;
}
