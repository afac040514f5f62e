import type { QuotaEvent } from '@wxthirdparty/platform';
import type { Response } from 'express';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { EventStream } from '../http/event-stream.ts';
import type { Shutdown } from '../http/shutdown.ts';

const POLL_INTERVAL_MS = 1_000;

export interface QuotaEventStreamOptions {
  readonly events: GatewayPlatform['quotaEvents'];
  /** The id of the last event that the client has seen; without it, only what is yet to come is told. */
  readonly lastSeen: string | undefined;
  readonly wants: (event: QuotaEvent) => boolean;
  /** Throws where nothing more may be told. */
  readonly demandStillGood: () => Promise<void>;
}

/** Events `quota.warning` and `quota.exhausted`; a client that asks again names the last one that it has seen. */
export async function quotaEventStream(
  response: Response,
  leaving: Shutdown,
  { events, lastSeen, wants, demandStillGood }: QuotaEventStreamOptions,
): Promise<void> {
  let position = lastSeen ?? (await events.end());
  const stream = new EventStream(response, leaving);
  // Whoever is cut off before the first event goes on from here, too.
  stream.send(lastSeen === undefined ? `id: ${position}` : ':');
  while (stream.going) {
    await demandStillGood();
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
