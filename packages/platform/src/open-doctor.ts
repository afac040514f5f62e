import type { CheckName } from './doctor/check-name.ts';
import type { DoctorSettings } from './doctor/doctor-settings.ts';
import { type CheckResult, runDoctor } from './doctor/run-doctor.ts';
import type { PlatformSettings } from './open-foundation.ts';
import { openQueues } from './open-queues.ts';

/** What the command line knows and the platform does not. */
export type DoctorSurroundings = Pick<DoctorSettings, 'dataDir' | 'typed' | 'checkSettings'>;

/** Of a process that runs. */
export type RunningDoctorInput = DoctorSurroundings & {
  readonly publicUrl: string;
  /** All checks, if undefined. */
  readonly only?: readonly CheckName[] | undefined;
};

/** Examines the deployment from this host, with connections of its own; see `runDoctor`. */
export function examine(
  settings: Omit<DoctorSettings, 'openQueues'>,
  only?: readonly CheckName[],
  checkTimeoutMs?: number,
): Promise<CheckResult[]> {
  const open: DoctorSettings['openQueues'] = (redis, scope) =>
    Object.values(openQueues(redis, scope)).map(({ queue }) => queue);
  return runDoctor({ ...settings, openQueues: open }, only, checkTimeoutMs);
}

/** The same with the settings of a process that runs. Requests for the same checks share one examination. */
export function sharedExamination({
  redisUrl,
  redisPrefix,
  databaseUrl,
  secretsKeys,
  components,
  wechat,
}: PlatformSettings): (input: RunningDoctorInput) => Promise<CheckResult[]> {
  const settings = { redisUrl, redisPrefix, databaseUrl, secretsKeys, components, componentFaults: [], wechat };
  const running = new Map<string, Promise<CheckResult[]>>();
  return ({ only, ...surroundings }) => {
    const names = only?.join() ?? 'all';
    const examination =
      running.get(names) ??
      examine({ ...settings, ...surroundings }, only).finally(() => {
        running.delete(names);
      });
    running.set(names, examination);
    return examination;
  };
}
