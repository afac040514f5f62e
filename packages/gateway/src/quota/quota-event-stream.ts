import type { QuotaEvent } from '@wxthirdparty/platform';
import type { Response } from 'express';
import type { GatewayPlatform } from '../gateway-platform.ts';
import type { Leaving } from '../http/leaving.ts';

const LOOK_EVERY_MS = 1_000;
/** Proxies end connections on which nothing moves. */
const HEARTBEAT_MS = 15_000;

export interface QuotaEventStreamOptions {
  readonly events: GatewayPlatform['quotaEvents'];
  /** The id of the last event that the client has seen; without it, only what is yet to come is told. */
  readonly lastSeen: string | undefined;
  readonly wants: (event: QuotaEvent) => boolean;
  /** Throws where nothing more may be told. */
  readonly demandStillGood: () => Promise<void>;
}

/**
 * Server-sent events `quota.warning` and `quota.exhausted`, until the client leaves or this gateway does; then the client
 * asks again by itself, and names the last one that it has seen.
 */
export async function quotaEventStream(
  response: Response,
  leaving: Leaving,
  { events, lastSeen, wants, demandStillGood }: QuotaEventStreamOptions,
): Promise<void> {
  let position = lastSeen ?? (await events.end());
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
  // Whoever is cut off before the first event goes on from here, too.
  response.write(lastSeen === undefined ? `id: ${position}\n\n` : ':\n\n');
  let toldAt = performance.now();
  while (going) {
    await demandStillGood();
    for (const placed of await events.after(position)) {
      position = placed.position;
      if (!wants(placed.event)) continue;
      const { level, ...data } = placed.event;
      response.write(`event: quota.${level}\nid: ${position}\ndata: ${JSON.stringify(data)}\n\n`);
      toldAt = performance.now();
    }
    if (performance.now() - toldAt > HEARTBEAT_MS) {
      response.write(':\n\n');
      toldAt = performance.now();
    }
    await Promise.race([over.promise, new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))]);
  }
  response.end();
}
