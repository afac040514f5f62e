import type { Response } from 'express';
import { EventStream } from '../http/event-stream.ts';
import type { Leaving } from '../http/leaving.ts';

const LOOK_EVERY_MS = 500;

export interface Look {
  readonly data: string;
  /** Nothing will change any more. */
  readonly last: boolean;
}

/** Events `sync`, one for each change that is seen; the stream ends with the sync. */
export async function followerSyncEvents(
  response: Response,
  leaving: Leaving,
  look: () => Promise<Look>,
): Promise<void> {
  let seen = await look();
  const stream = new EventStream(response, leaving);
  const tell = () => stream.tell('event: sync', `data: ${seen.data}`);
  tell();
  while (!seen.last) {
    await stream.pause(LOOK_EVERY_MS);
    if (!stream.going) break;
    const next = await look();
    const changed = next.data !== seen.data;
    seen = next;
    if (changed) tell();
  }
  stream.end();
}
