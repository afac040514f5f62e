import { readinessOf } from '@wxthirdparty/platform';
import { Router } from 'express';
import type { GatewayPlatform } from '../gateway-platform.ts';
import type { Leaving } from '../http/leaving.ts';

export function healthRoutes(platform: GatewayPlatform, leaving: Leaving): Router {
  const routes = Router();
  routes.get('/healthz', (_request, response) => {
    response.json({ alive: true });
  });
  routes.get('/readyz', async (_request, response) => {
    const health = await platform.health();
    const { status, body } = readinessOf(health, { closing: leaving.draining.rung, needsDatabase: false });
    response.status(status).json(body);
  });
  return routes;
}
