import type { RedisAddress } from '../../redis/address.ts';
import { redisAddressOf } from '../../redis/connect.ts';
import { reportServers, type ServerReport } from '../../redis/server-report.ts';
import type { Check } from '../check.ts';
import { type Fault, failing, text, warning } from '../finding.ts';

const MAX_LAG_S = 2;

/** The settings by which Redis keeps what it has acknowledged. */
export const redisSettings: Check = async (doctor) => {
  const redis = await doctor.redis();
  const { kind } = redisAddressOf(doctor.settings.redisUrl!);
  const servers = await reportServers(redis);
  return {
    faults: servers.flatMap((server) => judgeServer(server, kind)),
    found: servers
      .map(
        ({ address, maxmemoryPolicy, appendOnly, replicas, minReplicasToWrite = '?' }) =>
          `${address} ${maxmemoryPolicy}, AOF ${appendOnly ? 'on' : 'off'}, ${replicas} replicas (min-replicas-to-write ${minReplicasToWrite})`,
      )
      .join('; '),
  };
};

export function judgeServer(server: ServerReport, kind: RedisAddress['kind']): Fault[] {
  const { address } = server;
  const faults: Fault[] = [];
  const set = (setting: string) => `${cliOf(address)} config set ${setting}`;
  if (server.maxmemoryPolicy !== 'noeviction') {
    faults.push(
      failing({
        code: 'eviction',
        cause: text(
          `${address} removes keys when its memory is full (maxmemory-policy ${server.maxmemoryPolicy}): tokens, calls and pushes would be lost.`,
          `${address} 在内存不足时会删除键（maxmemory-policy ${server.maxmemoryPolicy}），令牌、调用和推送会丢失。`,
        ),
        remedy: text(
          'Set maxmemory-policy to noeviction, also in its configuration file.',
          '请把 maxmemory-policy 设为 noeviction，并写入其配置文件。',
        ),
        command: set('maxmemory-policy noeviction'),
      }),
    );
  }
  if (!server.appendOnly) {
    faults.push(
      failing({
        code: 'append_only_off',
        cause: text(
          `${address} has no append-only file: a restart loses queued calls and pushes.`,
          `${address} 未启用 AOF：重启会丢失排队的调用和推送。`,
        ),
        remedy: text(
          'Set appendonly to yes, also in its configuration file.',
          '请把 appendonly 设为 yes，并写入其配置文件。',
        ),
        command: set('appendonly yes'),
      }),
    );
  }
  if (server.isAppendFailing) {
    faults.push(
      failing({
        code: 'append_failing',
        cause: text(
          `${address} could not write its append-only file the last time.`,
          `${address} 最近一次写入 AOF 失败。`,
        ),
        remedy: text(
          'Read its log; usually its disk is full. Free some space, then let it write the file again.',
          '请查看其日志，通常是磁盘已满。清理空间后让它重新写入。',
        ),
        command: `${cliOf(address)} bgrewriteaof`,
      }),
    );
  }
  if (server.appendOnly && server.appendFsync !== undefined && server.appendFsync !== 'everysec') {
    const isSlow = server.appendFsync === 'always';
    faults.push(
      warning({
        code: 'append_fsync',
        cause: isSlow
          ? text(
              `${address} waits for its disk after each write (appendfsync always), which costs much of its throughput.`,
              `${address} 每次写入都等待磁盘（appendfsync always），吞吐会大幅下降。`,
            )
          : text(
              `${address} leaves it to the system when it writes to disk (appendfsync ${server.appendFsync}): a power failure loses up to half a minute.`,
              `${address} 由系统决定何时落盘（appendfsync ${server.appendFsync}）：断电可能丢失近半分钟的数据。`,
            ),
        remedy: text('Set appendfsync to everysec.', '请把 appendfsync 设为 everysec。'),
        command: set('appendfsync everysec'),
      }),
    );
  }
  if (server.isReplica) {
    faults.push(
      failing({
        code: 'read_only',
        cause: text(`${address} is a replica and accepts no writes.`, `${address} 是副本，不接受写入。`),
        remedy: text(
          'REDIS_URL must name the primary, or Sentinels (docs/hosts.md).',
          'REDIS_URL 必须指向主节点或 Sentinel（见 docs/hosts.md）。',
        ),
      }),
    );
  }
  return [...faults, ...judgeReplicas(server, kind)];
}

function judgeReplicas(server: ServerReport, kind: RedisAddress['kind']): Fault[] {
  const { address, replicas, maxLagS, minReplicasToWrite } = server;
  const faults: Fault[] = [];
  const isConfigured = kind !== 'standalone' || (minReplicasToWrite ?? 0) > 0;
  if (isConfigured && replicas === 0 && !server.isReplica) {
    const refuses = (minReplicasToWrite ?? 0) > 0;
    faults.push(
      warning({
        code: 'no_replica',
        cause: text(
          `${address} has no connected replica${refuses ? ', and refuses to write without one' : ': its loss would be an outage'}.`,
          `${address} 没有已连接的副本${refuses ? '，因此拒绝写入' : '，一旦故障服务会中断'}。`,
        ),
        remedy: text(
          'Start its replicas and let them reach it (docs/hosts.md).',
          '请启动副本并确保能连到主节点（见 docs/hosts.md）。',
        ),
        command: `${cliOf(address)} info replication`,
      }),
    );
  }
  if (maxLagS > MAX_LAG_S) {
    faults.push(
      warning({
        code: 'replication_lag',
        cause: text(
          `A replica of ${address} is ${maxLagS} s behind: a failover would lose the writes of that time.`,
          `${address} 的一个副本落后 ${maxLagS} 秒，故障切换会丢失这段时间的写入。`,
        ),
        remedy: text('Check the network and the load between the two servers.', '请检查两台服务器之间的网络和负载。'),
        command: `${cliOf(address)} info replication`,
      }),
    );
  }
  if (replicas > 0 && minReplicasToWrite === 0) {
    faults.push(
      warning({
        code: 'min_replicas',
        cause: text(
          `min-replicas-to-write of ${address} is 0: a primary that is cut off from its replicas accepts calls and pushes that its successor does not have.`,
          `${address} 的 min-replicas-to-write 为 0：与副本断开的主节点仍会接收调用和推送，而接替它的节点没有这些数据。`,
        ),
        remedy: text('Set it to 1, and min-replicas-max-lag to 2.', '请设为 1，并把 min-replicas-max-lag 设为 2。'),
        command: `${cliOf(address)} config set min-replicas-to-write 1`,
      }),
    );
  }
  return faults;
}

/** Without the password, which belongs into the variable REDISCLI_AUTH. */
function cliOf(address: string): string {
  const colon = address.lastIndexOf(':');
  return `redis-cli -h ${address.slice(0, colon)} -p ${address.slice(colon + 1)}`;
}
