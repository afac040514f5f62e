import type { Response } from 'express';
import type { Leaving } from '../http/leaving.ts';

const LOOK_EVERY_MS = 500;
/** Proxies end connections on which nothing moves. */
const HEARTBEAT_MS = 15_000;

export interface Look {
  readonly data: string;
  /** Nothing will change any more. */
  readonly last: boolean;
}

/**
 * Server-sent events `sync`, one for each change that is seen; the stream ends with the sync, or with this gateway, and
 * then the client asks again by itself.
 */
export async function followerSyncEvents(
  response: Response,
  leaving: Leaving,
  look: () => Promise<Look>,
): Promise<void> {
  let seen = await look();
  const over = Promise.withResolvers<void>();
  const stop = leaving.closing.listen(() => over.resolve());
  response.once('close', () => {
    stop();
    over.resolve();
  });
  let going = true;
  void over.promise.then(() => {
    going = false;
  });

  response.set({ 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
  const tell = () => response.write(`event: sync\ndata: ${seen.data}\n\n`);
  tell();
  let toldAt = performance.now();
  while (!seen.last && going) {
    await Promise.race([over.promise, new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))]);
    if (!going) break;
    const next = await look();
    const changed = next.data !== seen.data;
    seen = next;
    if (changed) tell();
    else if (performance.now() - toldAt > HEARTBEAT_MS) response.write(':\n\n');
    else continue;
    toldAt = performance.now();
  }
  response.end();
}
