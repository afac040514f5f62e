import { Failure } from '@wxthirdparty/wechat';
import type { MarkVerdict } from '../../deployment/deployment-mark.ts';
import { assertUsable, describeServers, type RedisDescription } from '../../redis/describe-servers.ts';
import { pingMasters } from '../../redis/servers.ts';
import type { Check } from '../check.ts';
import type { DoctorContext } from '../doctor-context.ts';
import { type Fault, failing, NotJudged, quoted, text } from '../finding.ts';

/** With Cluster, older servers lack commands that are used here. */
const MIN_CLUSTER_MAJOR = 7;

/** Whether Redis answers, can be used, and is this deployment's. */
export const redis: Check = async (doctor) => {
  let connection: Awaited<ReturnType<DoctorContext['connectRedis']>>;
  try {
    connection = await doctor.connectRedis();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { faults: [unusable(error)], found: null };
  }
  const faults: Fault[] = [];
  await assertUsable(connection, 0).catch((error: unknown) => {
    if (!(error instanceof Failure)) throw error;
    faults.push(unusable(error));
  });
  const [description, { missing }] = await Promise.all([describeServers(connection), pingMasters(connection)]);
  faults.push(...judgeCluster(description), ...judgeMasters(missing));
  const verdict = await doctor.redisVerdict().catch((error: unknown) => {
    // Without SECRETS_KEY, which another check names, the mark cannot be compared.
    if (error instanceof NotJudged) return 'own' as const;
    throw error;
  });
  faults.push(...judgeMark(verdict, connection.keyspace.prefix, (command) => doctor.settings.typed(command)));
  return { faults, found: shown(description) };
};

/** Its message names what is wrong and what to do, and contains no password. */
function unusable({ code, message }: Failure): Fault {
  return failing({
    code,
    cause: text(message, `Redis 无法使用：${quoted(message).zh}`),
    remedy: text(
      'Correct REDIS_URL, start or upgrade the server, or repair its certificate or password.',
      '请检查 REDIS_URL、服务器是否运行、版本（6.2 以上）、证书与密码。',
    ),
    command: 'redis-cli -u "$REDIS_URL" ping',
  });
}

export function judgeCluster({ kind, servers }: RedisDescription): Fault[] {
  if (kind !== 'cluster') return [];
  const old = servers.find(({ version }) => Number(version.split('.')[0]) < MIN_CLUSTER_MAJOR);
  if (!old) return [];
  return [
    failing({
      code: 'redis_too_old',
      cause: text(
        `${old.address} of the Redis Cluster has version ${old.version}; a Cluster needs version 7 or newer.`,
        `Redis Cluster 中 ${old.address} 的版本是 ${old.version}；Cluster 需要 7 或更新的版本。`,
      ),
      remedy: text('Upgrade the servers of the Cluster.', '请升级 Cluster 的各服务器。'),
    }),
  ];
}

export function judgeMasters(missing: readonly string[]): Fault[] {
  if (missing.length === 0) return [];
  return [
    failing({
      code: 'masters_missing',
      cause: text(
        `These masters of Redis do not answer: ${missing.join(', ')}. What is stored there waits.`,
        `以下 Redis 主节点没有响应：${missing.join('、')}，其上的数据暂不可用。`,
      ),
      remedy: text(
        'Start them, or let a replica of each take over (docs/hosts.md).',
        '请启动它们，或让各自的副本接管（见 docs/hosts.md）。',
      ),
      command: 'redis-cli -u "$REDIS_URL" cluster nodes',
    }),
  ];
}

export function judgeMark(verdict: MarkVerdict, prefix: string, typed: (command: string) => string): Fault[] {
  switch (verdict) {
    case 'own':
    // The next process that starts marks it.
    case 'none':
      return [];
    case 'other-deployment':
      return [
        failing({
          code: 'foreign_redis',
          cause: text(
            `This Redis (prefix ${prefix}) belongs to another deployment: its identity is not the one in the database.`,
            `该 Redis（前缀 ${prefix}）属于另一套部署：其中的标识与数据库中的不同。`,
          ),
          remedy: text(
            'If two deployments share this Redis, give each a REDIS_PREFIX of its own. If REDIS_URL or DATABASE_URL names the wrong server, correct it. If the database is new and this Redis is to be kept, adopt it.',
            '若两套部署共用该 Redis，请各自设置 REDIS_PREFIX；若 REDIS_URL 或 DATABASE_URL 指向了错误的服务器，请更正；若数据库是新的而要保留该 Redis，请执行命令接管。',
          ),
          command: typed('adopt-redis'),
        }),
      ];
    case 'other-key':
      return [
        failing({
          code: 'foreign_key',
          cause: text(
            `No key in SECRETS_KEY belongs to the deployment that uses this Redis (prefix ${prefix}).`,
            `SECRETS_KEY 中没有使用该 Redis（前缀 ${prefix}）的部署的密钥。`,
          ),
          remedy: text(
            'Use the SECRETS_KEY of its other processes; while keys are rotated, list the new and the old one.',
            '请使用该部署其他进程的 SECRETS_KEY；轮换期间同时列出新旧密钥。',
          ),
          command: typed('adopt-redis'),
        }),
      ];
    default:
      return verdict satisfies never;
  }
}

function shown({ kind, servers }: RedisDescription): string {
  return `${kind} ${servers.map(({ address, version, replicas }) => `${address} ${version} (${replicas} replicas)`).join(', ')}`;
}
