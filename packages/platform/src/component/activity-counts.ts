/** What becomes of pushes at the gateways, as `/v1/status` has it. */
export const pushCounts = [
  'accepted',
  'duplicates',
  'unreadable',
  'wrongAccount',
  'tooOld',
  'refused',
  'unavailable',
] as const;
export type PushCount = (typeof pushCounts)[number];

/** Everything that is counted, by the field of the hashes (ActivityStore). */
export const activityCounts = [
  ...pushCounts,
  /** Pushes for whose answer WeChat had to wait for more than three of its five seconds. */
  'answeredSlowly',
  /** Calls that WeChat carried out. */
  'callsCompleted',
  /** Calls that failed, or that WeChat answered with an errcode. */
  'callsFailed',
  /** Those of the failed calls of which it is not known whether WeChat carried them out. */
  'callsOutcomeUnknown',
  /** Requests whose token WeChat refused; most of their calls are repeated with another one, and completed. */
  'callsTokenRefused',
  'refreshesStored',
  'refreshesFailed',
  'deliveriesDelivered',
  /** Attempts that failed, whether or not another one follows. */
  'deliveriesFailed',
] as const;
export type ActivityCount = (typeof activityCounts)[number];

export type ActivityCounts = Readonly<Record<ActivityCount, number>>;
