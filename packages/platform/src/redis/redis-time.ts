/** A time on Redis' clock (ms) as this host's clock would show it, given what Redis' clock shows now. */
export function toLocalDate(redisMs: number, redisNowMs: number): Date {
  return new Date(Date.now() + (redisMs - redisNowMs));
}
