import { accessSync, constants, existsSync, realpathSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { sqlitePath } from '../../database/sqlite-path.ts';
import type { Check } from '../check.ts';
import { type Fault, failing, text } from '../finding.ts';

const MIN_FREE_BYTES = 2 * 1024 ** 3;
/** Of Linux (statfs(2)): NFS, SMB, SMB2, CIFS. SQLite's locks do not work there. */
const NETWORK_FILE_SYSTEMS = [0x6969, 0x517b, 0xfe534d42, 0xff534d42];

/** The folder of logs and of `start`, and that of an SQLite database; needs no network. */
export const dataDir: Check = async ({ settings }) => {
  const file = settings.databaseUrl === undefined ? undefined : sqlitePath(settings.databaseUrl);
  const folders = new Map<string, Folder>();
  // Without SQLite only `start` writes there, which makes this folder.
  const isWritten = existsSync(join(settings.dataDir, 'logs'));
  const given = [{ path: settings.dataDir, hasSqlite: false, isWritten }];
  if (file !== undefined) given.push({ path: dirname(file), hasSqlite: true, isWritten: true });
  for (const one of given) {
    const folder = await readFolder(one);
    const { hasSqlite = false, isWritten = false } = folders.get(folder.path) ?? {};
    folders.set(folder.path, {
      ...folder,
      hasSqlite: folder.hasSqlite || hasSqlite,
      isWritten: folder.isWritten || isWritten,
    });
  }
  const all = [...folders.values()];
  return {
    faults: all.flatMap(judgeFolder),
    found: all.map(({ path, freeBytes }) => `${path} ${gigabytes(freeBytes)} GB`).join(', '),
  };
};

export interface Folder {
  readonly path: string;
  /** Why it cannot be written, a code of the system. */
  readonly refusal: string | undefined;
  readonly freeBytes: number;
  /** The number of the kind of file system, by statfs(2). */
  readonly type: number;
  readonly hasSqlite: boolean;
  /** A process of this deployment writes there. */
  readonly isWritten: boolean;
}

/** A folder that does not exist yet is judged by the one in which it will be made. */
async function readFolder({ path: given, ...use }: Pick<Folder, 'path' | 'hasSqlite' | 'isWritten'>): Promise<Folder> {
  let path = resolve(given);
  while (!existsSync(path) && dirname(path) !== path) path = dirname(path);
  const { bavail, bsize, type } = await statfs(path);
  return { path: realpathSync(path), refusal: refusalOf(path), freeBytes: bavail * bsize, type, ...use };
}

function refusalOf(path: string): string | undefined {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown';
  }
}

export function judgeFolder({ path, refusal, freeBytes, type, hasSqlite, isWritten }: Folder): Fault[] {
  const faults: Fault[] = [];
  if (refusal !== undefined && isWritten) {
    faults.push(
      failing({
        code: 'not_writable',
        cause: text(`${path} cannot be written (${refusal}).`, `${path} 不可写（${refusal}）。`),
        remedy: text(
          'Make it writable for the user of the processes, or choose another folder with DATA_DIR.',
          '请让运行进程的用户可写该目录，或用 DATA_DIR 指定其他目录。',
        ),
        command: `ls -ld ${path}`,
      }),
    );
  }
  if (freeBytes < MIN_FREE_BYTES) {
    faults.push(
      failing({
        code: 'disk_full',
        cause: text(
          `The disk of ${path} has ${gigabytes(freeBytes)} GB of free space; 2 GB are needed.`,
          `${path} 所在磁盘仅剩 ${gigabytes(freeBytes)} GB，至少需要 2 GB。`,
        ),
        remedy: text('Free some space, or use a larger disk.', '请清理磁盘空间或更换更大的磁盘。'),
        command: `df -h ${path}`,
      }),
    );
  }
  if (hasSqlite && NETWORK_FILE_SYSTEMS.includes(type)) {
    faults.push(
      failing({
        code: 'sqlite_on_network',
        cause: text(
          `The SQLite database is on a network file system (${path}), where its locks do not work.`,
          `SQLite 数据库位于网络文件系统（${path}），其文件锁无法正常工作。`,
        ),
        remedy: text(
          'Move it to a local disk, or use MySQL or MariaDB (DATABASE_URL).',
          '请移到本地磁盘，或改用 MySQL/MariaDB（DATABASE_URL）。',
        ),
      }),
    );
  }
  return faults;
}

function gigabytes(bytes: number): string {
  return (bytes / 1024 ** 3).toFixed(1);
}
