import { accessSync, constants, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Failure } from '@wxthirdparty/wechat';
import { typed } from '../installation.ts';

export interface DataDir {
  readonly path: string;
  readonly logs: string;
  release(): void;
}

/** Creates the data folder of `start` and locks it for this process. */
export function openDataDir(path: string): DataDir {
  const logs = join(path, 'logs');
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    mkdirSync(logs, { recursive: true, mode: 0o700 });
    accessSync(path, constants.W_OK | constants.X_OK);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new Failure(
      'data_dir_unusable',
      'operator',
      `The data folder ${path} cannot be written (${code}); make it writable for this user or choose another with DATA_DIR.`,
      { cause },
    );
  }
  return { path, logs, release: lockFolder(path) };
}

/**
 * SQLite's file lock belongs to the kernel: it ends with the process for any reason, so a crash leaves nothing to clean
 * up, and the number of a dead process cannot be mistaken for a running one.
 */
function lockFolder(path: string): () => void {
  const lock = new DatabaseSync(join(path, 'start.lock'), { timeout: 0 });
  try {
    lock.exec('PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE');
  } catch (cause) {
    lock.close();
    if ((cause as { errcode?: number }).errcode !== 5) throw cause;
    throw new Failure(
      'data_dir_in_use',
      'operator',
      `Another "${typed('start')}" already runs in ${path}; stop that one first, or give this one a folder of its own with DATA_DIR (and a PORT).`,
      { cause },
    );
  }
  return () => lock.close();
}
