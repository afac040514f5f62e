import { type FileHandle, open } from 'node:fs/promises';
import { MAX_LOG_FILE_BYTES, MAX_LOG_FILES, rotateFiles } from './rotate-files.ts';

export interface LogFileOptions {
  readonly maxFileBytes?: number;
  /** The file itself, and those before it: FILE.1 is the youngest of them. */
  readonly maxFiles?: number;
}

/**
 * A log file of bounded size, with a bounded number of predecessors. Batches are written one after the other; each holds whole
 * lines, so that no line is cut where a file ends.
 */
export class LogFile {
  readonly #path: string;
  readonly #maxFileBytes: number;
  readonly #maxFiles: number;
  #handle: FileHandle | undefined;
  #size = 0;
  /** A write failed in the middle of a line. */
  #torn = false;

  constructor(path: string, options: LogFileOptions = {}) {
    this.#path = path;
    this.#maxFileBytes = options.maxFileBytes ?? MAX_LOG_FILE_BYTES;
    this.#maxFiles = options.maxFiles ?? MAX_LOG_FILES;
  }

  async write(batch: Buffer): Promise<void> {
    if (!this.#handle) await this.#open();
    if (this.#size > 0 && this.#size + batch.length > this.#maxFileBytes) await this.#rotate();
    try {
      await writeAll(this.#handle!, this.#torn ? Buffer.concat([NEW_LINE, batch]) : batch);
      this.#torn = false;
    } catch (error) {
      this.#torn = true;
      throw error;
    }
    this.#size += batch.length;
  }

  async close(): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
  }

  async #open(): Promise<void> {
    this.#handle = await open(this.#path, 'a', 0o600);
    this.#size = (await this.#handle.stat()).size;
  }

  async #rotate(): Promise<void> {
    await this.close();
    await rotateFiles(this.#path, this.#maxFiles);
    await this.#open();
  }
}

const NEW_LINE = Buffer.from('\n');

async function writeAll(handle: FileHandle, batch: Buffer): Promise<void> {
  for (let at = 0; at < batch.length; ) at += (await handle.write(batch, at)).bytesWritten;
}
