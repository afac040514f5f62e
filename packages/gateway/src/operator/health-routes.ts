import { Router } from 'express';
import type { GatewayPlatform } from '../gateway-platform.ts';
import type { Leaving } from '../http/leaving.ts';

const WITHIN_MS = 2_000;

export function healthRoutes(platform: GatewayPlatform, leaving: Leaving): Router {
  const routes = Router();
  routes.get('/healthz', (_request, response) => {
    response.json({ alive: true });
  });
  routes.get('/readyz', async (_request, response) => {
    const { redis, database } = await healthInTime(platform);
    const closing = leaving.closing.rung;
    const ready = redis && database && !closing;
    response.status(ready ? 200 : 503).json({ ready, redis, database, closing });
  });
  return routes;
}

/** A client that waits for its server to come back waits longer than whoever asks whether it is there. */
async function healthInTime(platform: GatewayPlatform): Promise<{ redis: boolean; database: boolean }> {
  const down = { redis: false, database: false };
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<typeof down>((resolve) => {
    timer = setTimeout(() => resolve(down), WITHIN_MS);
  });
  try {
    return await Promise.race([platform.health(), tooLate]);
  } catch {
    return down;
  } finally {
    clearTimeout(timer);
  }
}
