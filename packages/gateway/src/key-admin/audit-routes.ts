import type { AuditEntry } from '@wxthirdparty/platform';
import { Router } from 'express';
import { z } from 'zod';
import type { Operations } from '../contract/operation.ts';
import { PageQuery, pageOf } from '../contract/page.ts';
import { time } from '../contract/time.ts';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { readQuery } from '../http/read-query.ts';

const AuditEntryAnswer = z
  .object({
    id: z.string(),
    at: time,
    actor: z.string().meta({ description: 'the id of the key, or another operator' }),
    actorName: z.string().nullable().meta({ description: 'the name of the key, also if it was revoked; null: no key' }),
    action: z.string(),
    target: z.string().nullable().meta({ description: 'the id of the key or subscription that was changed' }),
    targetName: z.string().nullable().meta({ description: 'the name of the key that was changed' }),
    address: z.string().nullable(),
    requestId: z.string().nullable(),
  })
  .meta({ id: 'AuditEntry' });

export const auditOperations: Operations = {
  'GET /v1/audit': {
    id: 'listAuditEntries',
    tag: 'Keys',
    summary: 'The use of operator rights, the newest first',
    query: PageQuery,
    answers: { 200: pageOf(AuditEntryAnswer) },
  },
};

export function auditRoutes(platform: GatewayPlatform): Router {
  const routes = Router();
  routes.get('/v1/audit', async (request, response) => {
    const { items, next } = await platform.audit.list(readQuery(PageQuery, request.query));
    const names = await platform.apiKeys.namesOf(items.flatMap(keysIn));
    response.json({ items: items.map((entry) => auditAnswer(entry, names)), next });
  });
  return routes;
}

/** Ids that may be keys'. */
function keysIn({ actor, target }: AuditEntry): string[] {
  return target === null ? [actor.id] : [actor.id, target];
}

function auditAnswer(
  { id, at, actor, action, target }: AuditEntry,
  names: ReadonlyMap<string, string>,
): z.input<typeof AuditEntryAnswer> {
  return {
    id,
    at,
    actor: actor.id,
    actorName: names.get(actor.id) ?? null,
    action,
    target,
    targetName: target === null ? null : (names.get(target) ?? null),
    address: actor.address,
    requestId: actor.requestId,
  };
}
