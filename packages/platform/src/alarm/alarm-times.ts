/** Durations of the alarms, in milliseconds of Redis' clock. */
export interface AlarmTimes {
  /** How often each process evaluates the rules and reports. */
  readonly roundMs: number;
  /** An alarm that no process has reported for so long is closed. */
  readonly closeAfterMs: number;
  /** A fault must be reported at least so often while its delay lasts. */
  readonly maxGapMs: number;
  readonly repeatAfterMs: number;
  /** What opens or closes in this time is one message. */
  readonly groupMs: number;
  /** A rule's delay takes this share of its time. */
  readonly delayShare: number;
}

const TIMES: AlarmTimes = {
  roundMs: 10_000,
  closeAfterMs: 60_000,
  maxGapMs: 35_000,
  repeatAfterMs: 4 * 60 * 60_000,
  groupMs: 30_000,
  delayShare: 1,
};

/** `speed`: how many times as fast they pass; for drills and tests. */
export function alarmTimes(speed = 1): AlarmTimes {
  const scaled = Object.entries(TIMES).map(([name, value]) => [
    name,
    name === 'delayShare' ? 1 / speed : value / speed,
  ]);
  return { ...TIMES, ...Object.fromEntries(scaled) };
}
