const DAY_QUOTA = 45009;
const MINUTE_QUOTAS = new Set([45011, 44991]);

/** What of a quota is used up where WeChat refuses with this errcode; undefined: it is about something else. */
export function spanOf(errcode: number): 'day' | 'minute' | undefined {
  if (errcode === DAY_QUOTA) return 'day';
  return MINUTE_QUOTAS.has(errcode) ? 'minute' : undefined;
}
