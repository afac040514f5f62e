import { type AuthorizationLink, demandAccount, demandUnrestricted } from '@wxthirdparty/platform';
import { type Response, Router } from 'express';
import { z } from 'zod';
import { authType, bizAppid, categoryIdList, style } from '../authorize/authorize-query.ts';
import type { ReturnTo } from '../authorize/return-to.ts';
import { nickName } from '../contract/nick-name.ts';
import type { Operations } from '../contract/operation.ts';
import { PageQuery, pageOf } from '../contract/page.ts';
import { time } from '../contract/time.ts';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { linkUrl, type PublicUrl } from '../http/public-url.ts';
import { readJson } from '../http/read-json.ts';
import { readQuery } from '../http/read-query.ts';
import { callerOf } from '../key/caller.ts';
import { maySeeNickNames } from '../key/may-see-nick-names.ts';
import { handle } from './handle.ts';

const DAY_MS = 24 * 60 * 60_000;

/** What `POST /v1/components/:appid/authorization-links` takes. */
const AuthorizationLinkBody = z.strictObject({
  style: style.nullish(),
  authType: authType.default(3),
  bizAppid: bizAppid.nullish(),
  categoryIdList: categoryIdList.nullish(),
  returnTo: z.string().nullish(),
  handle: handle
    .nullish()
    .meta({ description: 'your own name of the account; it gets it when it authorizes by the link' }),
  expiresInMs: z
    .number()
    .int()
    .min(1_000)
    .max(30 * DAY_MS)
    .default(7 * DAY_MS),
});

const linkState = z.enum(['pending', 'opened', 'authorized', 'failed', 'expired']);

const AuthorizationLinkAnswer = z
  .object({
    id: z.string(),
    component: z.string(),
    url: z.string().meta({ description: 'for the merchant to open' }),
    state: linkState,
    appid: z.string().nullable().meta({ description: 'of the account that consented' }),
    nickName,
    failure: z
      .object({ code: z.string(), message: z.string() })
      .nullable()
      .meta({ description: 'of an `authorized` link: `handle_taken`, if the account could not get the handle' }),
    style: style.nullable(),
    authType: z.int(),
    bizAppid: z.string().nullable(),
    categoryIdList: z.string().nullable(),
    returnTo: z.string().nullable(),
    handle: z.string().nullable(),
    createdAt: time,
    expiresAt: time,
    openedAt: time.nullable(),
    settledAt: time.nullable(),
  })
  .meta({ id: 'AuthorizationLink' });

/** What `GET /v1/authorization-links` takes. */
const LinkListQuery = PageQuery.extend({ component: z.string().optional(), state: linkState.optional() });

export const linkOperations: Operations = {
  'POST /v1/components/:appid/authorization-links': {
    id: 'createAuthorizationLink',
    tag: 'Authorization links',
    summary: 'Creates a link by which one merchant can authorize the component',
    body: AuthorizationLinkBody,
    answers: { 201: AuthorizationLinkAnswer },
    problems: ['unknown_component', 'handle_taken'],
  },
  'GET /v1/authorization-links': {
    id: 'listAuthorizationLinks',
    tag: 'Authorization links',
    summary: 'The links of the last 90 days, the newest first; a filtered page may hold fewer than `limit`',
    description: 'A key for certain accounts sees the links that are for one of them, or were used by one.',
    query: LinkListQuery,
    answers: { 200: pageOf(AuthorizationLinkAnswer) },
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

  /** Of the accounts that consented by these links. */
  const namesOf = async (links: readonly AuthorizationLink[], response: Response) => {
    const nameOf = await platform.accountNames.of(links);
    const withNickNames = maySeeNickNames(response);
    return (link: AuthorizationLink) => (withNickNames ? nameOf(link).nickName : null);
  };
  const answerOf = async (link: AuthorizationLink, response: Response) => {
    const nameOf = await namesOf([link], response);
    return linkAnswer(link, nameOf(link), publicUrl);
  };

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
        handle: body.handle ?? null,
      },
      body.expiresInMs,
    );
    response
      .status(201)
      .location(`/v1/authorization-links/${link.id}`)
      .json(await answerOf(link, response));
  });

  routes.get('/v1/authorization-links', async (request, response) => {
    const { accounts } = callerOf(response).rights;
    const query = readQuery(LinkListQuery, request.query);
    const { items, next } = await platform.authorizationLinks.list({ ...query, accounts });
    const nameOf = await namesOf(items, response);
    response.json({ items: items.map((link) => linkAnswer(link, nameOf(link), publicUrl)), next });
  });

  routes.get('/v1/authorization-links/:id', async (request, response) => {
    const link = await platform.authorizationLinks.find(request.params.id);
    const { rights } = callerOf(response);
    const account = link.bizAppid ?? link.appid;
    if (account === null) demandUnrestricted(rights, 'accounts');
    else demandAccount(rights, account);
    response.json(await answerOf(link, response));
  });

  return routes;
}

function linkAnswer(
  link: AuthorizationLink,
  nickName: string | null,
  publicUrl: PublicUrl,
): z.input<typeof AuthorizationLinkAnswer> {
  return {
    id: link.id,
    component: link.component,
    url: linkUrl(publicUrl, link.component, link.id),
    state: link.state,
    appid: link.appid,
    nickName,
    failure: link.failure && { code: link.failure.code, message: link.failure.message },
    style: link.style,
    authType: link.authType,
    bizAppid: link.bizAppid,
    categoryIdList: link.categoryIdList,
    returnTo: link.returnTo,
    handle: link.handle,
    createdAt: link.createdAt,
    expiresAt: link.expiresAt,
    openedAt: link.openedAt,
    settledAt: link.settledAt,
  };
}
