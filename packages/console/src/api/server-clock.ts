/** The header `Date` has whole seconds, and an answer takes time on its way. */
const TOLERANCE_MS = 2_000;

let offsetMs = 0;

/** Ages are differences to times of the server, so its clock counts, not the one of the operator's computer. */
export function serverNow(): number {
  return Date.now() + offsetMs;
}

export function noteServerTime(date: string | null): void {
  if (date === null) return;
  const difference = Date.parse(date) - Date.now();
  if (Number.isFinite(difference)) offsetMs = Math.abs(difference) > TOLERANCE_MS ? difference : 0;
}
