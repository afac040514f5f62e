import { type LiveProcess, liveProcesses } from '../../deployment/live-processes.ts';
import type { RedisClient } from '../../redis/connect.ts';
import type { Check } from '../check.ts';
import type { DoctorContext } from '../doctor-context.ts';
import { type Fault, text, warning } from '../finding.ts';

/** Whether all live processes have one version, and what a rollback still waits for. */
export const versions: Check = async (doctor) => {
  const redis = await doctor.redis();
  const [processes, remaining] = await Promise.all([liveProcesses(redis), readRemaining(doctor, redis)]);
  const byVersion = [...Map.groupBy(processes, ({ version }) => version)];
  return {
    faults: judgeVersions(processes, remaining),
    found: byVersion.map(([version, { length }]) => `${version} × ${length}`).join(', ') || 'no live process',
  };
};

/** What only processes of the newest format serve. */
export interface Remaining {
  /** Accounts with a lane of the newest format. */
  readonly lanes: number;
  /** Entries of the stream of pushes. */
  readonly pushes: number;
}

async function readRemaining({ components }: DoctorContext, redis: RedisClient): Promise<Remaining> {
  const [pushes, ...lanes] = await Promise.all([
    redis.xlen(redis.keyspace.pushStream),
    ...components.map(({ appid }) => redis.zcard(redis.keyspace.lanes(appid))),
  ]);
  return { pushes, lanes: lanes.reduce((sum, count) => sum + count, 0) };
}

export function judgeVersions(
  processes: readonly Pick<LiveProcess, 'version' | 'format'>[],
  { lanes, pushes }: Remaining,
): Fault[] {
  const versions = [...new Set(processes.map(({ version }) => version))].toSorted();
  const formats = new Set(processes.map(({ format }) => format));
  if (versions.length < 2 && formats.size < 2) return [];
  const names =
    versions.length > 1 ? versions.join(', ') : `${versions[0]} (format ${[...formats].toSorted().join(', ')})`;
  return [
    warning({
      code: 'versions_differ',
      cause: text(
        `The live processes have different versions: ${names}. Only the newer ones serve ${lanes} lanes and ${pushes} pushes that wait.`,
        `运行中的进程版本不一致：${names}。其中 ${lanes} 个通道和 ${pushes} 条待处理推送只有较新的进程能处理。`,
      ),
      remedy: text(
        'Finish the upgrade. To roll back instead, stop the newer processes when both numbers are 0.',
        '请完成升级；若要回退，等这两个数字都变为 0 后再停止较新的进程。',
      ),
    }),
  ];
}
