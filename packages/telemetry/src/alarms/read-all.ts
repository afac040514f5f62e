import { statfs } from 'node:fs/promises';
import { type Platform, withDeadline } from '@wxthirdparty/platform';
import { certificateEnd } from './certificate.ts';
import type { EventMemory } from './event-memory.ts';
import type { ComponentReadings, LocalReadings, Readings } from './readings.ts';
import { Recent } from './recent.ts';

const READ_TIMEOUT_MS = 2_000;
const MINUTE_MS = 60_000;
/** What costs more, or changes slowly. */
const SLOW_INTERVAL_MS = MINUTE_MS;
const CERTIFICATE_INTERVAL_MS = 60 * MINUTE_MS;

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

/** Reads all that the rules judge. What cannot be read in two seconds is undefined, and harms nothing else. */
export class AlarmReader {
  readonly #platform: AlarmPlatform;
  readonly #memory: EventMemory;
  readonly #settings: AlarmSettings;
  readonly #slow = new Map<string, Recent<unknown>>();

  constructor(platform: AlarmPlatform, memory: EventMemory, settings: AlarmSettings) {
    this.#platform = platform;
    this.#memory = memory;
    this.#settings = settings;
  }

  async read(): Promise<Readings> {
    const { status: readStatus, work, queueStates, processes, redisState, alarmSources, components } = this.#platform;
    const status = await inTime(() => readStatus());
    const [ofComponents, overdueMs, queues, seen, lost, redis, local] = await Promise.all([
      Promise.all(components.map((component) => this.#ofComponent(component, status))),
      inTime(() => work.overdueMs()),
      inTime(() => queueStates()),
      inTime(() => processes()),
      inTime(() => alarmSources.lostProcesses()),
      this.#every('redis', SLOW_INTERVAL_MS / 2, () => redisState()),
      this.#local(),
    ]);
    return {
      ...{ now: Date.now(), components: ofComponents, overdueMs, queues, processes: seen, lost, redis, local },
      pushStream: status?.pushes,
      pausedSubscriptions: alarmSources.pausedSubscriptions(),
    };
  }

  async #ofComponent(
    component: string,
    status: Awaited<ReturnType<AlarmPlatform['status']>> | undefined,
  ): Promise<ComponentReadings> {
    const { activity, alarmSources } = this.#platform;
    const [last5, last10, quotas, lastReconciliationFailed, earlyRefusals] = await Promise.all([
      inTime(() => activity.lastMinutes(component, 5)),
      inTime(() => activity.lastMinutes(component, 10)),
      this.#every(`quotas ${component}`, SLOW_INTERVAL_MS, () => alarmSources.limitedAccounts(component)),
      this.#every(`reconciliation ${component}`, SLOW_INTERVAL_MS, () =>
        alarmSources.hasReconciliationFailed(component),
      ),
      this.#every(`early refusals ${component}`, SLOW_INTERVAL_MS, () => alarmSources.earlyRefusals(component)),
    ]);
    return {
      ...{ component, last5, last10, quotas, lastReconciliationFailed, earlyRefusals },
      status: status?.components.find(({ appid }) => appid === component),
    };
  }

  async #local(): Promise<LocalReadings> {
    const { dataDir, publicUrl } = this.#settings;
    const [disk, endsAt] = await Promise.all([
      inTime(() => statfs(dataDir)),
      publicUrl === undefined
        ? undefined
        : this.#every('certificate', CERTIFICATE_INTERVAL_MS, () => certificateEnd(publicUrl)),
    ]);
    const { addressRefused, stalledJobs, missingMasters, isUnconfirmed, databaseOutMs } = this.#memory;
    return {
      ...{ addressRefused, stalledJobs, missingMasters, isUnconfirmed, databaseOutMs },
      freeDiskBytes: disk && disk.bavail * disk.bsize,
      lagMs: this.#platform.lagMs(),
      certificate:
        endsAt === undefined || publicUrl === undefined ? undefined : { host: new URL(publicUrl).host, endsAt },
    };
  }

  #every<Value>(name: string, intervalMs: number, read: () => Promise<Value>): Promise<Value | undefined> {
    const known = this.#slow.get(name) as Recent<Value> | undefined;
    const recent = known ?? new Recent(() => withDeadline(read(), READ_TIMEOUT_MS, late), intervalMs);
    if (known === undefined) this.#slow.set(name, recent);
    return recent.latest();
  }
}

function inTime<Value>(read: () => Promise<Value>): Promise<Value | undefined> {
  return withDeadline(
    // A read that throws before it waits has failed, too.
    Promise.resolve().then(read),
    READ_TIMEOUT_MS,
    late,
  ).catch(() => undefined);
}

function late(): Error {
  return new Error('no answer in time');
}
