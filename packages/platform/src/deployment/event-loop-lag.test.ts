import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { EventLoopLag } from './event-loop-lag.ts';

const BLOCKED_MS = 300;

it('reports by how much the event loop was late since the last report', async () => {
  const lag = new EventLoopLag();
  await expect
    .poll(async () => {
      const end = performance.now() + BLOCKED_MS;
      while (performance.now() < end);
      await pause(50);
      return lag.takeMs();
    })
    .toBeGreaterThan(BLOCKED_MS / 2);
  lag.close();
});
