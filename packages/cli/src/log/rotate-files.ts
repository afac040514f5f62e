import { rename } from 'node:fs/promises';

/** The current file and its predecessors: FILE.1 is the youngest of them. */
export const MAX_LOG_FILES = 6;
export const MAX_LOG_FILE_BYTES = 20 * 1024 * 1024;

/** Renames FILE to FILE.1, FILE.1 to FILE.2 and so on; the oldest one is lost. A program that has FILE open goes on writing into it. */
export async function rotateFiles(path: string, maxFiles: number): Promise<void> {
  for (let number = maxFiles - 1; number > 0; number--) {
    const from = number === 1 ? path : `${path}.${number - 1}`;
    await rename(from, `${path}.${number}`).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }
}
