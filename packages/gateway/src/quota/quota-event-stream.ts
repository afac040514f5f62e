import type { QuotaEvent } from '@wxthirdparty/platform';
import type { Response } from 'express';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { EventStream } from '../http/event-stream.ts';
import type { Shutdown } from '../http/shutdown.ts';

const POLL_INTERVAL_MS = 1_000;

export interface QuotaEventStreamOptions {
  readonly events: GatewayPlatform['quotaEvents'];
  /** The id of the last event that the client has seen; without it, only later events are sent. */
  readonly lastSeen: string | undefined;
  readonly wants: (event: QuotaEvent) => boolean;
  /** Throws if no more events may be sent. */
  readonly demandStillValid: () => Promise<void>;
}

/** Events `quota.warning` and `quota.exhausted`; a client that asks again names the last one that it has seen. */
export async function quotaEventStream(
  response: Response,
  shutdown: Shutdown,
  { events, lastSeen, wants, demandStillValid }: QuotaEventStreamOptions,
): Promise<void> {
  let position = lastSeen ?? (await events.end());
  const stream = new EventStream(response, shutdown);
  // A client that is disconnected before the first event resumes here, too.
  stream.send(lastSeen === undefined ? `id: ${position}` : ':');
  while (stream.going) {
    await demandStillValid();
    for (const placed of await events.after(position)) {
      position = placed.position;
      if (!wants(placed.event)) continue;
      const { level, ...data } = placed.event;
      stream.send(`event: quota.${level}`, `id: ${position}`, `data: ${JSON.stringify(data)}`);
    }
    await stream.pause(POLL_INTERVAL_MS);
  }
  stream.end();
}
