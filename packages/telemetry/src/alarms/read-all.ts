import { statfs } from 'node:fs/promises';
import { certificateEnd, type Platform, withDeadline } from '@wxthirdparty/platform';
import { Reading } from '../metrics/reading.ts';
import type { EventMemory } from './event-memory.ts';
import type { ComponentReadings, LocalReadings, Readings } from './readings.ts';

const READ_TIMEOUT_MS = 2_000;
/** Of what costs more, or changes slowly. */
const SLOW_INTERVAL_MS = 60_000;
const CERTIFICATE_INTERVAL_MS = 60 * 60_000;

/** What the rules need of the platform. */
export type AlarmPlatform = Pick<
  Platform,
  | 'components'
  | 'status'
  | 'activity'
  | 'queueStates'
  | 'processes'
  | 'redisState'
  | 'alarms'
  | 'alarmSources'
  | 'lagMs'
  | 'events'
> & { readonly work: Pick<Platform['work'], 'overdueMs'> };

export interface AlarmSettings {
  /** Whose disk is watched; it may not exist. */
  readonly dataDir: string;
  /** Without a slash at its end. */
  readonly publicUrl: string | undefined;
}

type Status = Awaited<ReturnType<AlarmPlatform['status']>>;

/** Reads all that the rules judge. What cannot be read in two seconds is undefined, and harms nothing else. */
export class AlarmReader {
  readonly #platform: AlarmPlatform;
  readonly #memory: EventMemory;
  readonly #settings: AlarmSettings;
  readonly #queues: Reading<Awaited<ReturnType<AlarmPlatform['queueStates']>>>;
  readonly #redis: Reading<Awaited<ReturnType<AlarmPlatform['redisState']>>>;
  readonly #certificate: Reading<Date | undefined>;
  readonly #components: readonly ((status: Status | undefined) => Promise<ComponentReadings>)[];

  constructor(platform: AlarmPlatform, memory: EventMemory, settings: AlarmSettings) {
    this.#platform = platform;
    this.#memory = memory;
    this.#settings = settings;
    const { publicUrl } = settings;
    this.#queues = new Reading(() => platform.queueStates());
    this.#redis = new Reading(() => platform.redisState());
    const readCertificate = async () => (publicUrl === undefined ? undefined : certificateEnd(publicUrl));
    this.#certificate = new Reading(readCertificate, undefined, CERTIFICATE_INTERVAL_MS);
    this.#components = platform.components.map((component) => componentReader(platform, component));
  }

  async read(): Promise<Readings> {
    const { status: readStatus, work, processes, alarmSources } = this.#platform;
    const status = await inTime(() => readStatus());
    const [components, overdueMs, queues, seen, lost, redis, local] = await Promise.all([
      Promise.all(this.#components.map((read) => read(status))),
      inTime(() => work.overdueMs()),
      this.#queues.latest(),
      inTime(() => processes()),
      inTime(() => alarmSources.lostProcesses()),
      this.#redis.latest(),
      this.#local(),
    ]);
    return {
      ...{ now: Date.now(), components, overdueMs, queues, processes: seen, lost, redis, local },
      pushStream: status?.pushes,
      pausedSubscriptions: alarmSources.pausedSubscriptions(),
    };
  }

  async #local(): Promise<LocalReadings> {
    const { dataDir, publicUrl } = this.#settings;
    const [disk, endsAt] = await Promise.all([inTime(() => statfs(dataDir)), this.#certificate.latest()]);
    const { addressRefused, stalledJobs, missingMasters, isUnconfirmed, databaseOutMs } = this.#memory;
    return {
      ...{ addressRefused, stalledJobs, missingMasters, isUnconfirmed, databaseOutMs },
      freeDiskBytes: disk && disk.bavail * disk.bsize,
      lagMs: this.#platform.lagMs(),
      certificate:
        endsAt === undefined || publicUrl === undefined ? undefined : { host: new URL(publicUrl).host, endsAt },
    };
  }
}

function componentReader({ activity, alarmSources }: AlarmPlatform, component: string) {
  const slow = <State>(read: () => Promise<State>) => new Reading(read, undefined, SLOW_INTERVAL_MS);
  const accounts = slow(() => alarmSources.limitedAccounts(component));
  const reconciliation = slow(() => alarmSources.hasReconciliationFailed(component));
  const refusals = slow(() => alarmSources.earlyRefusals(component));
  return async (status: Status | undefined): Promise<ComponentReadings> => {
    const [last5, last10, quotas, lastReconciliationFailed, earlyRefusals] = await Promise.all([
      inTime(() => activity.lastMinutes(component, 5)),
      inTime(() => activity.lastMinutes(component, 10)),
      accounts.latest(),
      reconciliation.latest(),
      refusals.latest(),
    ]);
    return {
      ...{ component, last5, last10, quotas, lastReconciliationFailed, earlyRefusals },
      status: status?.components.find(({ appid }) => appid === component),
    };
  };
}

function inTime<Value>(read: () => Promise<Value>): Promise<Value | undefined> {
  // A read that throws before it waits has failed, too.
  const reading = Promise.resolve().then(read);
  return withDeadline(reading, READ_TIMEOUT_MS, () => new Error('no answer in time')).catch(() => undefined);
}
