import { renameSync, statSync } from 'node:fs';

const LARGEST = 10 * 1024 * 1024;

/** A log that outgrew its bound becomes the one before, whose predecessor goes: two files, at each start. */
export function turnOver(file: string): string {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size > LARGEST) renameSync(file, `${file}.1`);
  return file;
}
