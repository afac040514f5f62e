import { copyFile, stat, truncate } from 'node:fs/promises';

const MAX_FILE_BYTES = 10 * 1024 * 1024;
const CHECK_INTERVAL_MS = 60_000;

/**
 * Bounds a log file to which another program appends. That program cannot open a new one, so the content is copied
 * to FILE.1 and the file is emptied; the few lines written in between are lost.
 */
export function boundLog(path: string, maxFileBytes = MAX_FILE_BYTES): { check(): Promise<void>; stop(): void } {
  const check = async () => {
    const { size } = await stat(path);
    if (size <= maxFileBytes) return;
    // On a full disk the copy fails, and emptying the file is what helps.
    await copyFile(path, `${path}.1`).catch(() => {});
    await truncate(path);
  };
  const timer = setInterval(() => check().catch(() => {}), CHECK_INTERVAL_MS);
  timer.unref();
  return { check, stop: () => clearInterval(timer) };
}
