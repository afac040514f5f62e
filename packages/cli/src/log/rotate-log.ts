import { stat } from 'node:fs/promises';
import { MAX_LOG_FILE_BYTES, MAX_LOG_FILES, rotateFiles } from './rotate-files.ts';

const CHECK_INTERVAL_MS = 5_000;

/**
 * Rotates a log to which another program appends, and which that program opens again for each line, as Redis does (`logfile`);
 * so no line is lost. Between two checks the file may grow beyond its bound.
 */
export function rotateLog(
  path: string,
  { maxFileBytes = MAX_LOG_FILE_BYTES, maxFiles = MAX_LOG_FILES } = {},
): { check(): Promise<void>; stop(): void } {
  const check = async () => {
    const { size } = await stat(path);
    if (size > maxFileBytes) await rotateFiles(path, maxFiles);
  };
  const timer = setInterval(() => check().catch(() => {}), CHECK_INTERVAL_MS);
  timer.unref();
  return { check, stop: () => clearInterval(timer) };
}
