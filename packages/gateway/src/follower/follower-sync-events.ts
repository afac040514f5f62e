import type { Response } from 'express';
import { EventStream } from '../http/event-stream.ts';
import type { Shutdown } from '../http/shutdown.ts';

const POLL_INTERVAL_MS = 500;

export interface SyncState {
  /** The sync as JSON. */
  readonly data: string;
  /** The sync is finished, so that it no longer changes. */
  readonly last: boolean;
}

/** Sends the event `sync` at the start and for each observed change; the stream ends with the sync. */
export async function followerSyncEvents(
  response: Response,
  shutdown: Shutdown,
  read: () => Promise<SyncState>,
): Promise<void> {
  let current = await read();
  const stream = new EventStream(response, shutdown);
  const send = () => stream.send('event: sync', `data: ${current.data}`);
  send();
  while (!current.last) {
    await stream.pause(POLL_INTERVAL_MS);
    if (!stream.going) break;
    const next = await read();
    const changed = next.data !== current.data;
    current = next;
    if (changed) send();
  }
  stream.end();
}
