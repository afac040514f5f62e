import { Router } from 'express';
import type { GatewayPlatform } from '../gateway-platform.ts';
import type { Leaving } from '../http/leaving.ts';
import { healthInTime } from './health-in-time.ts';

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
