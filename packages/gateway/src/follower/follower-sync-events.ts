import type { Response } from 'express';
import { EventStream } from '../http/event-stream.ts';
import type { Shutdown } from '../http/shutdown.ts';

const POLL_INTERVAL_MS = 500;

export interface Look {
  readonly data: string;
  /** Nothing will change any more. */
  readonly last: boolean;
}

/** Events `sync`, one for each change that is seen; the stream ends with the sync. */
export async function followerSyncEvents(
  response: Response,
  leaving: Shutdown,
  look: () => Promise<Look>,
): Promise<void> {
  let seen = await look();
  const stream = new EventStream(response, leaving);
  const tell = () => stream.send('event: sync', `data: ${seen.data}`);
  tell();
  while (!seen.last) {
    await stream.pause(POLL_INTERVAL_MS);
    if (!stream.going) break;
    const next = await look();
    const changed = next.data !== seen.data;
    seen = next;
    if (changed) tell();
  }
  stream.end();
}
