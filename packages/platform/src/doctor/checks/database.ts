import { Failure } from '@wxthirdparty/wechat';
import { sql } from 'kysely';
import { CONNECTIONS_PER_PROCESS, permittedConnections } from '../../database/connection-budget.ts';
import { dialectOf } from '../../database/dialect.ts';
import type { Sql } from '../../database/open.ts';
import { readSchemaState, type SchemaState } from '../../database/schema-state.ts';
import { type LiveProcess, liveProcesses } from '../../deployment/live-processes.ts';
import type { Check } from '../check.ts';
import { type Fault, failing, NotJudged, quoted, text, warning } from '../finding.ts';

const MIN_PACKET_BYTES = 16 * 1024 ** 2;
/** Operators, backups and a rolling upgrade need the rest. */
const MAX_CONNECTION_SHARE = 0.8;
const MAX_NAMED = 5;

/** Whether the database answers, and is what this version needs. */
export const database: Check = async (doctor) => {
  const { typed } = doctor.settings;
  let db: Sql;
  try {
    db = await doctor.connectDatabase();
  } catch (error) {
    if (error instanceof NotJudged) throw error;
    return { faults: [unusable(error, typed)], found: null };
  }
  const dialect = dialectOf(db);
  const processes = await doctor
    .redis()
    .then(liveProcesses)
    .catch(() => undefined);
  const [schema, server] = await Promise.all([
    readSchemaState(db),
    dialect === 'mysql' ? readServer(db, processes?.length ?? 0) : undefined,
  ]);
  const faults = [
    ...judgeSchema(schema, typed),
    ...(server ? judgeServer(server) : []),
    ...(dialect === 'sqlite' && processes ? judgeHosts(processes) : []),
  ];
  const version = server?.version ?? (await sqliteVersion(db));
  return { faults, found: `${dialect === 'sqlite' ? 'SQLite' : 'MySQL'} ${version}, schema ${schema.version}` };
};

function unusable(error: unknown, typed: (command: string) => string): Fault {
  if (error instanceof Failure && error.code === 'no_database') {
    return failing({
      code: error.code,
      cause: text(error.message, '数据库文件还不存在。'),
      remedy: text(
        'A node creates it when it starts. If there was one, correct DATABASE_URL or DATA_DIR, or restore the backup.',
        '节点启动时会自动创建。如果以前已有数据库，请检查 DATABASE_URL 或 DATA_DIR，或恢复备份。',
      ),
      command: typed('migrate'),
    });
  }
  // Other messages can quote the statement.
  const { code } = (error ?? {}) as { readonly code?: unknown };
  const shown = error instanceof Failure ? error.message : String(code ?? 'no answer');
  return failing({
    code: 'database_unreachable',
    cause: text(`The database cannot be used: ${quoted(shown).en}`, `数据库无法使用：${quoted(shown).zh}`),
    remedy: text(
      'Start it, or correct address, user and password in DATABASE_URL. Until it answers, pushes are accepted and calls of known accounts go on.',
      '请启动数据库，或更正 DATABASE_URL 中的地址、用户和密码。恢复之前，推送照常接收，已知账号的调用照常进行。',
    ),
  });
}

export function judgeSchema(
  { pending, unknown, version, floor }: SchemaState,
  typed: (command: string) => string,
): Fault[] {
  if (floor > version || (unknown.length > 0 && pending.length > 0)) {
    return [
      failing({
        code: 'program_too_old',
        cause: text(
          `A newer version has migrated this database (to ${unknown.at(-1) ?? `schema ${floor}`}); this one (schema ${version}) must not run on it any more.`,
          `更新的版本已升级该数据库（${unknown.at(-1) ?? `schema ${floor}`}）；本版本（schema ${version}）不能再使用它。`,
        ),
        remedy: text(
          'Start the newer version, or restore the backup from before the upgrade.',
          '请启动新版本，或恢复升级前的备份。',
        ),
      }),
    ];
  }
  if (pending.length === 0) return [];
  return [
    failing({
      code: 'migrations_pending',
      cause: text(
        `${pending.length} migrations have not been carried out: ${named(pending)}.`,
        `有 ${pending.length} 个数据库迁移尚未执行：${named(pending)}。`,
      ),
      remedy: text(
        'A process of this version carries them out when it starts; or do it now.',
        '本版本的进程启动时会自动执行；也可以现在执行。',
      ),
      command: typed('migrate'),
    }),
  ];
}

/** What a MySQL or MariaDB server says about itself. */
export interface DatabaseServer {
  readonly version: string;
  readonly maxPacketBytes: number;
  /** `table.column` of ours whose texts do not compare byte by byte. */
  readonly otherCollations: readonly string[];
  readonly connections: { readonly needed: number; readonly permitted: number };
}

async function readServer(db: Sql, processes: number): Promise<DatabaseServer> {
  const [{ rows: server }, { rows: columns }, permitted] = await Promise.all([
    sql<{ version: string; packet: number }>`select version() as version, @@max_allowed_packet as packet`.execute(db),
    sql<{ name: string }>`
      select concat(table_name, '.', column_name) as name from information_schema.columns
      where table_schema = database() and collation_name is not null and collation_name not like '%\\_bin'
        and table_name not like 'kysely%' and table_name not like 'schema\\_%'`.execute(db),
    permittedConnections(db),
  ]);
  return {
    version: server[0]!.version,
    maxPacketBytes: Number(server[0]!.packet),
    otherCollations: columns.map(({ name }) => name),
    connections: { needed: processes * CONNECTIONS_PER_PROCESS, permitted: permitted ?? Number.POSITIVE_INFINITY },
  };
}

export function judgeServer({ maxPacketBytes, otherCollations, connections }: DatabaseServer): Fault[] {
  const faults: Fault[] = [];
  if (otherCollations.length > 0) {
    faults.push(
      failing({
        code: 'collation',
        cause: text(
          `Texts in ${named(otherCollations)} do not compare byte by byte, so that different openids or names count as equal.`,
          `${named(otherCollations)} 的排序规则不是按字节比较，不同的 openid 或名称会被视为相同。`,
        ),
        remedy: text(
          'Convert the tables to character set utf8mb4 with collation utf8mb4_bin, with all processes stopped.',
          '请在停止所有进程后，把这些表转换为 utf8mb4 字符集、utf8mb4_bin 排序规则。',
        ),
        command: 'ALTER TABLE name CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;',
      }),
    );
  }
  if (maxPacketBytes < MIN_PACKET_BYTES) {
    faults.push(
      failing({
        code: 'packet_size',
        cause: text(
          `max_allowed_packet is ${megabytes(maxPacketBytes)} MB; the journal writes batches of up to 16 MB.`,
          `max_allowed_packet 只有 ${megabytes(maxPacketBytes)} MB，批量写入推送记录需要 16 MB。`,
        ),
        remedy: text('Set it to 16 MB or more.', '请设置为 16 MB 或更大。'),
        command: 'SET GLOBAL max_allowed_packet = 67108864;',
      }),
    );
  }
  const { needed, permitted } = connections;
  if (needed > MAX_CONNECTION_SHARE * permitted) {
    faults.push(
      warning({
        code: 'connections',
        cause: text(
          `The live processes may open ${needed} connections; the server permits ${permitted}.`,
          `运行中的进程最多会打开 ${needed} 个连接，而服务器只允许 ${permitted} 个。`,
        ),
        remedy: text(
          'Raise max_connections (and max_user_connections) to (processes + 1) × 12 + 20.',
          '请提高 max_connections（以及 max_user_connections），至少为（进程数 + 1）× 12 + 20。',
        ),
        command: `SET GLOBAL max_connections = ${needed + CONNECTIONS_PER_PROCESS + 20};`,
      }),
    );
  }
  return faults;
}

/** SQLite's locks work on one machine only. Processes of older versions do not report theirs. */
export function judgeHosts(processes: readonly Pick<LiveProcess, 'machine' | 'address'>[]): Fault[] {
  const machines = new Map(processes.flatMap(({ machine, address = '?' }) => (machine ? [[machine, address]] : [])));
  if (machines.size < 2) return [];
  const names = [...machines.values()];
  return [
    failing({
      code: 'sqlite_on_hosts',
      cause: text(
        `Processes on ${machines.size} hosts (${names.join(', ')}) use SQLite; each has a database of its own.`,
        `${machines.size} 台主机（${names.join('、')}）上的进程使用 SQLite，各自有一份数据库。`,
      ),
      remedy: text(
        'Several hosts need MySQL or MariaDB: set DATABASE_URL.',
        '多台主机必须使用 MySQL 或 MariaDB：请设置 DATABASE_URL。',
      ),
    }),
  ];
}

async function sqliteVersion(db: Sql): Promise<string> {
  const { rows } = await sql<{ version: string }>`select sqlite_version() as version`.execute(db);
  return rows[0]!.version;
}

function named(names: readonly string[]): string {
  const more = names.length - MAX_NAMED;
  return more > 0 ? `${names.slice(0, MAX_NAMED).join(', ')} … (${more})` : names.join(', ');
}

function megabytes(bytes: number): string {
  return (bytes / 1024 ** 2).toFixed(0);
}
