import { type ApiKey, keyBounds, keyScopes } from '@wxthirdparty/platform';
import { Failure } from '@wxthirdparty/wechat';
import { Router } from 'express';
import { z } from 'zod';
import type { Operations } from '../contract/operation.ts';
import { PageQuery, pageOf } from '../contract/page.ts';
import { time } from '../contract/time.ts';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { readJson } from '../http/read-json.ts';
import { readQuery } from '../http/read-query.ts';
import { actorOf } from '../key/actor-of.ts';

/** The body of `POST /v1/keys`. No accounts, or no paths: all. */
const KeyBody = z.strictObject({
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

const KeyAnswer = z
  .object({
    id: z.string(),
    name: z.string(),
    scopes: z.array(z.enum(keyScopes)).readonly(),
    accounts: z.array(z.string()).readonly().meta({ description: 'empty: all of them' }),
    paths: z.array(z.string()).readonly().meta({ description: 'empty: all of them' }),
    ratePerSecond: z.int().nullable(),
    expiresAt: time.nullable(),
    createdAt: time,
    createdBy: z.string(),
    revokedAt: time.nullable(),
    lastUsedAt: time.nullable().meta({ description: 'to the minute' }),
  })
  .meta({ id: 'Key' });

const NewKeyAnswer = KeyAnswer.extend({
  key: z.string().meta({ description: 'the key itself, shown only this once' }),
}).meta({
  id: 'NewKey',
});

export const keyOperations: Operations = {
  'POST /v1/keys': {
    id: 'createKey',
    tag: 'Keys',
    summary: 'Creates a key; it is shown only this once',
    body: KeyBody,
    example: { name: 'shop', scopes: ['calls'] },
    answers: { 201: NewKeyAnswer },
  },
  'GET /v1/keys': {
    id: 'listKeys',
    tag: 'Keys',
    summary: 'All keys, without the keys themselves',
    query: PageQuery,
    answers: { 200: pageOf(KeyAnswer) },
  },
  'DELETE /v1/keys/:id': {
    id: 'revokeKey',
    tag: 'Keys',
    summary: 'Revokes a key, within a second on every node',
    answers: { 204: null },
    problems: ['unknown_key'],
  },
};

export function keyRoutes(platform: GatewayPlatform): Router {
  const routes = Router();

  routes.post('/v1/keys', async (request, response) => {
    const input = await readJson(request, KeyBody);
    const { key, text } = await platform.apiKeys.create(input, actorOf(request, response));
    const { id, ...rest } = keyAnswer(key);
    response.status(201).json({ id, key: text, ...rest } satisfies z.input<typeof NewKeyAnswer>);
  });

  routes.get('/v1/keys', async (request, response) => {
    const { items, next } = await platform.apiKeys.list(readQuery(PageQuery, request.query));
    response.json({ items: items.map(keyAnswer), next });
  });

  routes.delete('/v1/keys/:id', async (request, response) => {
    const outcome = await platform.apiKeys.revoke(request.params.id, actorOf(request, response));
    if (outcome === 'unknown') throw new Failure('unknown_key', 'fix-request', 'There is no key with this id.');
    response.status(204).end();
  });

  return routes;
}

/** Each member is named, so that a member added to a key is not published by accident. */
function keyAnswer(key: ApiKey): z.input<typeof KeyAnswer> {
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
