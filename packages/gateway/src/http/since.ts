/** Milliseconds since a `performance.now()`, to a tenth. */
export function since(startedAt: number): number {
  return Math.round((performance.now() - startedAt) * 10) / 10;
}
