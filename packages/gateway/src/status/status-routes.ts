import { Router } from 'express';
import type { GatewayPlatform } from '../gateway-platform.ts';

export function statusRoutes(platform: GatewayPlatform): Router {
  const routes = Router();
  routes.get('/v1/status', async (_request, response) => {
    const { ready, components } = await platform.status();
    response.json({
      ready,
      components: components.map(({ appid, ready, reasons, lastPushAt, ticket, token }) => ({
        appid,
        ready,
        reasons,
        lastPushAt,
        ticket: ticket && { receivedAt: ticket.receivedAt, expiresAt: ticket.expiresAt },
        token: token && { version: token.version, expiresAt: token.expiresAt, failure: token.failure },
      })),
    });
  });
  return routes;
}
