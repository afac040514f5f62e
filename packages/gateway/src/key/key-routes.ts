import { type ApiKey, keyBounds, keyScopes } from '@wxthirdparty/platform';
import { Failure } from '@wxthirdparty/wechat';
import { Router } from 'express';
import { z } from 'zod';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { readJson } from '../http/read-json.ts';
import { readQuery } from '../http/read-query.ts';
import { actorOf } from './actor-of.ts';

/**
 * What `POST /v1/keys` takes. No accounts, or no paths: all.
 * @public the API's description is made from it
 */
export const KeyBody = z.strictObject({
  name: z.string().regex(keyBounds.name, '1 to 100 characters'),
  scopes: z.array(z.enum(keyScopes)).min(1),
  accounts: z.array(z.string().regex(keyBounds.account, 'an appid')).max(keyBounds.most).default([]),
  paths: z
    .array(z.string().regex(keyBounds.path, 'a WeChat path like /cgi-bin/user/info, or /cgi-bin/user/*'))
    .max(keyBounds.most)
    .default([]),
  expiresAt: z.iso
    .datetime({ offset: true, error: 'must be a time in ISO 8601 with its zone' })
    .transform((text) => new Date(text))
    .nullable()
    .default(null),
  ratePerSecond: z.int().min(1).max(keyBounds.ratePerSecond).nullable().default(null),
});

/**
 * What `GET /v1/keys` takes.
 * @public the API's description is made from it
 */
export const KeyListQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  cursor: z.string().optional(),
});

export function keyRoutes(platform: GatewayPlatform): Router {
  const routes = Router();

  routes.post('/v1/keys', async (request, response) => {
    const wish = await readJson(request, KeyBody);
    const { key, text } = await platform.apiKeys.create(wish, actorOf(request, response));
    const { id, ...rest } = keyAnswer(key);
    response.status(201).json({ id, key: text, ...rest });
  });

  routes.get('/v1/keys', async (request, response) => {
    const { items, next } = await platform.apiKeys.list(readQuery(KeyListQuery, request.query));
    response.json({ items: items.map(keyAnswer), next });
  });

  routes.delete('/v1/keys/:id', async (request, response) => {
    const outcome = await platform.apiKeys.revoke(request.params.id, actorOf(request, response));
    if (outcome === 'unknown') throw new Failure('unknown_key', 'fix-request', 'no key has this id');
    response.status(204).end();
  });

  return routes;
}

/** Member by member, so that nothing that is added to a key gets out by itself. */
function keyAnswer(key: ApiKey): Record<string, unknown> {
  return {
    id: key.id,
    name: key.name,
    scopes: key.scopes,
    accounts: key.accounts,
    paths: key.paths,
    ratePerSecond: key.ratePerSecond,
    expiresAt: key.expiresAt,
    createdAt: key.createdAt,
    createdBy: key.createdBy,
    revokedAt: key.revokedAt,
    lastUsedAt: key.lastUsedAt,
  };
}
