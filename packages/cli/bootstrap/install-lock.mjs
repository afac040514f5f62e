import { mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const BEAT_MS = 1_000;
/** A holder that has not touched the lock for so long is dead or stopped; pnpm itself runs beside the timer. */
const STALE_MS = 15_000;
const POLL_INTERVAL_MS = 100;

/**
 * Runs the work while no other bootstrap of this folder does: two installs at once would tear node_modules apart.
 * The lock is a folder, because making one either succeeds or finds it made; its owner touches it every second.
 * @template T
 * @param {string} folder
 * @param {() => Promise<T>} work
 * @param {number} [staleMs]
 * @returns {Promise<T>}
 */
export async function withInstallLock(folder, work, staleMs = STALE_MS) {
  const isUntouched = watchTouches(staleMs);
  while (!take(folder)) {
    if (isStale(folder, isUntouched)) clear(folder, isUntouched);
    else await sleep(POLL_INTERVAL_MS);
  }
  const heart = setInterval(() => touch(folder), BEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(heart);
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Whether a folder has not been touched for so long, as this process has observed it. A file's time is never compared with
 * this host's clock: a file server has a clock of its own, and either clock may be set while a process waits.
 * @param {number} staleMs
 */
function watchTouches(staleMs) {
  /** @type {Map<string, { identity: string, since: number }>} */
  const seen = new Map();
  return (/** @type {string} */ folder) => {
    const { ino, mtimeMs } = statSync(folder);
    const identity = `${ino} ${mtimeMs}`;
    const last = seen.get(folder);
    if (last?.identity === identity) return performance.now() - last.since > staleMs;
    seen.set(folder, { identity, since: performance.now() });
    return false;
  };
}

/** @param {string} folder */
function take(folder) {
  try {
    mkdirSync(folder);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
  writeFileSync(join(folder, 'owner'), JSON.stringify({ pid: process.pid, host: hostname() }));
  return true;
}

/** @param {string} folder */
function touch(folder) {
  const now = new Date();
  try {
    utimesSync(folder, now, now);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

/**
 * @param {string} folder
 * @param {(folder: string) => boolean} isUntouched
 */
function isStale(folder, isUntouched) {
  try {
    if (isUntouched(folder)) return true;
    const { pid, host } = JSON.parse(readFileSync(join(folder, 'owner'), 'utf8'));
    return host === hostname() && !lives(pid);
  } catch {
    // The owner is creating or removing it.
    return false;
  }
}

/**
 * Of several processes that find the same stale lock, one clears it. It checks again first, because meanwhile the lock may
 * have been cleared and taken by another process.
 * @param {string} folder
 * @param {(folder: string) => boolean} isUntouched
 */
function clear(folder, isUntouched) {
  const clearing = `${folder}.clearing`;
  try {
    mkdirSync(clearing);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    if (isAbandoned(clearing, isUntouched)) rmSync(clearing, { recursive: true, force: true });
    return;
  }
  try {
    if (isStale(folder, isUntouched)) rmSync(folder, { recursive: true, force: true });
  } finally {
    rmSync(clearing, { recursive: true, force: true });
  }
}

/**
 * @param {string} folder
 * @param {(folder: string) => boolean} isUntouched
 */
function isAbandoned(folder, isUntouched) {
  try {
    return isUntouched(folder);
  } catch {
    return false;
  }
}

/** @param {number} pid */
function lives(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is alive and belongs to another user.
    return codeOf(error) === 'EPERM';
  }
}

/** @param {unknown} error */
function codeOf(error) {
  return /** @type {NodeJS.ErrnoException} */ (error).code;
}
