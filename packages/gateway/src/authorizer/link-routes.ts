import type { AuthorizationLink } from '@wxthirdparty/platform';
import { Router } from 'express';
import { z } from 'zod';
import { authType, bizAppid, categoryIdList, style } from '../authorize/authorize-query.ts';
import type { ReturnTo } from '../authorize/return-to.ts';
import type { Operations } from '../contract/operation.ts';
import { time } from '../contract/time.ts';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { linkUrl, type PublicUrl } from '../http/public-url.ts';
import { readJson } from '../http/read-json.ts';

const DAY_MS = 24 * 60 * 60_000;

/** What `POST /v1/components/:appid/authorization-links` takes. */
const AuthorizationLinkBody = z.strictObject({
  style: style.nullish(),
  authType: authType.default(3),
  bizAppid: bizAppid.nullish(),
  categoryIdList: categoryIdList.nullish(),
  returnTo: z.string().nullish(),
  expiresInMs: z
    .number()
    .int()
    .min(1_000)
    .max(30 * DAY_MS)
    .default(7 * DAY_MS),
});

const AuthorizationLinkAnswer = z
  .object({
    id: z.string(),
    component: z.string(),
    url: z.string().meta({ description: 'for the merchant to open' }),
    state: z.enum(['pending', 'opened', 'authorized', 'failed', 'expired']),
    appid: z.string().nullable().meta({ description: 'of the account that consented' }),
    failure: z.object({ code: z.string(), message: z.string() }).nullable(),
    style: style.nullable(),
    authType: z.int(),
    bizAppid: z.string().nullable(),
    categoryIdList: z.string().nullable(),
    returnTo: z.string().nullable(),
    createdAt: time,
    expiresAt: time,
    openedAt: time.nullable(),
    settledAt: time.nullable(),
  })
  .meta({ id: 'AuthorizationLink' });

export const linkOperations: Operations = {
  'POST /v1/components/:appid/authorization-links': {
    id: 'createAuthorizationLink',
    tag: 'Authorization links',
    summary: 'Creates a link by which one merchant can authorize the component',
    body: AuthorizationLinkBody,
    answers: { 201: AuthorizationLinkAnswer },
    problems: ['unknown_component'],
  },
  'GET /v1/authorization-links/:id': {
    id: 'getAuthorizationLink',
    tag: 'Authorization links',
    summary: 'The state of a link',
    answers: { 200: AuthorizationLinkAnswer },
    problems: ['unknown_link'],
  },
};

export function linkRoutes(platform: GatewayPlatform, publicUrl: PublicUrl, returnTo: ReturnTo): Router {
  const routes = Router();

  routes.post('/v1/components/:appid/authorization-links', async (request, response) => {
    const body = await readJson(request, AuthorizationLinkBody);
    const link = await platform.authorizationLinks.create(
      request.params.appid,
      {
        style: body.style ?? null,
        authType: body.authType,
        bizAppid: body.bizAppid ?? null,
        categoryIdList: body.categoryIdList ?? null,
        returnTo: body.returnTo ? returnTo.check(body.returnTo) : null,
      },
      body.expiresInMs,
    );
    response.status(201).location(`/v1/authorization-links/${link.id}`).json(linkAnswer(link, publicUrl));
  });

  routes.get('/v1/authorization-links/:id', async (request, response) => {
    response.json(linkAnswer(await platform.authorizationLinks.find(request.params.id), publicUrl));
  });

  return routes;
}

function linkAnswer(link: AuthorizationLink, publicUrl: PublicUrl): z.input<typeof AuthorizationLinkAnswer> {
  return {
    id: link.id,
    component: link.component,
    url: linkUrl(publicUrl, link.component, link.id),
    state: link.state,
    appid: link.appid,
    failure: link.failure && { code: link.failure.code, message: link.failure.message },
    style: link.style,
    authType: link.authType,
    bizAppid: link.bizAppid,
    categoryIdList: link.categoryIdList,
    returnTo: link.returnTo,
    createdAt: link.createdAt,
    expiresAt: link.expiresAt,
    openedAt: link.openedAt,
    settledAt: link.settledAt,
  };
}
