import { fstatSync, write } from 'node:fs';
import { isatty } from 'node:tty';
import { promisify } from 'node:util';

const writeTo = promisify(write);

/**
 * Writes to the process's standard output without blocking the event loop. Node writes files synchronously; a pipe has
 * to stay with Node's own stream, since a thread that waits for its reader would keep the process from exiting.
 */
export function standardOutput(): (batch: Buffer) => Promise<void> {
  const { fd } = process.stdout;
  return isStream(fd) ? writeToStream : (batch) => writeToFile(fd, batch);
}

function isStream(fd: number): boolean {
  if (isatty(fd)) return true;
  const kind = fstatSync(fd);
  return kind.isFIFO() || kind.isSocket();
}

async function writeToFile(fd: number, batch: Buffer): Promise<void> {
  for (let at = 0; at < batch.length; ) at += (await writeTo(fd, batch, at)).bytesWritten;
}

function writeToStream(batch: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(batch, (error) => (error ? reject(error) : resolve()));
  });
}
