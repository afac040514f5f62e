import type { AuditEntry } from '@wxthirdparty/platform';
import { Router } from 'express';
import { z } from 'zod';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { readQuery } from '../http/read-query.ts';

/**
 * What `GET /v1/audit` takes.
 * @public the API's description is made from it
 */
export const AuditQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  cursor: z.string().optional(),
});

export function auditRoutes(platform: GatewayPlatform): Router {
  const routes = Router();
  routes.get('/v1/audit', async (request, response) => {
    const { items, next } = await platform.audit.list(readQuery(AuditQuery, request.query));
    response.json({ items: items.map(auditAnswer), next });
  });
  return routes;
}

function auditAnswer({ id, at, actor, action, target }: AuditEntry): Record<string, unknown> {
  return { id, at, actor: actor.id, action, target, address: actor.address, requestId: actor.requestId };
}
