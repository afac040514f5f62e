import { setTimeout as pause } from 'node:timers/promises';

/** A process that was asked to end does not wait any longer for a reader that has stopped. */
const FLUSH_TIMEOUT_MS = 500;

/**
 * A reader may go away (`| head`), and a disk may be full: both end the output, not the process. A file at its size
 * limit (SIGXFSZ) is an error of that write as well. For the whole process, before anything is written.
 */
export function survivesLostOutput(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  process.on('SIGXFSZ', () => {});
}

/** Resolves when everything written so far has reached its reader, or there is no reader any more. */
export async function outputDrained(shutdownRequested: Promise<void>): Promise<void> {
  const drained = Promise.all([process.stdout, process.stderr].map(drain));
  await Promise.race([drained, shutdownRequested.then(() => pause(FLUSH_TIMEOUT_MS))]);
}

function drain(stream: NodeJS.WriteStream): Promise<void> {
  if (stream.destroyed || stream.writableLength === 0) return Promise.resolve();
  return new Promise((resolve) => {
    stream.once('close', resolve);
    // The callback of the last write is called after all others, with an error if the reader is gone.
    stream.write('', () => resolve());
  });
}
