import { readdir, readFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { sqlitePath } from '../../packages/platform/src/database/sqlite-path.ts';
import type { Child } from './child.ts';
import { until } from './until.ts';

const TRIES = 20;
const TRY_INTERVAL_MS = 50;

/**
 * Freezes the process at a moment at which it does not lock its SQLite file. A writer locks the file for as long as the disk takes:
 * frozen then, it would keep all other processes from writing until it is thawed.
 */
export async function freezeUnlocked(child: Child, databaseUrl: string): Promise<void> {
  const path = sqlitePath(databaseUrl);
  await until(`${child.name} is frozen, and does not lock the database`, async () => {
    child.freeze();
    await until(`${child.name} is frozen`, () => isStopped(child.pid));
    if (path === undefined || (await canBeWritten(path))) return true;
    child.thaw();
    return false;
  });
}

/** All its threads: a signal waits until a system call such as `fsync` ends. */
async function isStopped(pid: number): Promise<boolean> {
  const threads = await readdir(`/proc/${pid}/task`);
  const states = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/stat`, 'utf8')));
  return states.every((stat) => stat.slice(stat.lastIndexOf(')') + 2).startsWith('T'));
}

/** Not for the moment in which another process writes. */
async function canBeWritten(path: string): Promise<boolean> {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    for (let tries = 1; ; tries++) {
      try {
        database.exec('BEGIN IMMEDIATE; ROLLBACK');
        return true;
      } catch {
        if (tries === TRIES) return false;
        await pause(TRY_INTERVAL_MS);
      }
    }
  } finally {
    database.close();
  }
}
