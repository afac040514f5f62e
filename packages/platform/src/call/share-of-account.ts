/** Of the slots of a process, so that one account's slow API does not take those of all others. */
const SHARE_OF_ACCOUNT = 0.25;

export function slotsOfAccount(slots: number): number {
  return Math.ceil(slots * SHARE_OF_ACCOUNT);
}
