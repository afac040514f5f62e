import { readinessOf } from '@wxthirdparty/platform';
import { Router } from 'express';
import type { GatewayPlatform } from '../gateway-platform.ts';
import type { Shutdown } from '../http/shutdown.ts';

export function healthRoutes(platform: GatewayPlatform, shutdown: Shutdown): Router {
  const routes = Router();
  routes.get('/healthz', (_request, response) => {
    response.json({ alive: true });
  });
  routes.get('/readyz', async (_request, response) => {
    const health = await platform.health();
    const { status, body } = readinessOf(health, { closing: shutdown.draining.fired, needsDatabase: false });
    response.status(status).json(body);
  });
  return routes;
}
