import { entryFields, type StepEntry } from '../journal/stream-entry.ts';
import type { RedisClient } from '../redis/connect.ts';
import type { CheckStep } from './release-check.ts';

/** What one process saw of a real check. It says nothing that identifies the user or the code. */
export interface StepReport extends Omit<CheckStep, 'state'> {
  readonly component: string;
  readonly appid: string;
  /** When it happened (ms). */
  readonly at: number;
  /** `pending`: it has started, and its result is reported separately. */
  readonly state: CheckStep['state'] | 'pending';
  /** Of `unauthorized`: a message set had been granted, so that WeChat must have sent its code. */
  readonly expectsCode?: boolean | undefined;
}

/** A report from the stream, with the id of its entry, which is its identity. */
export interface ReceivedStep extends StepReport {
  readonly entry: string;
}

/**
 * Best effort: a check is answered whether or not anyone can read later how it went. The journaler writes the report to the
 * database.
 */
export function reportStep(redis: RedisClient, report: StepReport): void {
  const { component, appid, ...step } = report;
  const entry = { kind: 'step', component, appid, step: JSON.stringify(step) } as const;
  redis.xadd(redis.keyspace.pushStream, '*', ...entryFields(entry)).catch(() => {});
}

export function readStep(streamId: string, { component, appid, step }: StepEntry): ReceivedStep {
  return { ...(JSON.parse(step) as Omit<StepReport, 'component' | 'appid'>), component, appid, entry: streamId };
}
