import type { IncomingMessage, ServerResponse } from 'node:http';
import { demandPath } from '@wxthirdparty/platform';
import { z } from 'zod';
import { answerJson, answerRefusal } from '../answer-refusal.ts';
import { answerWithCall, type CallNote, type CallServices } from '../call-route.ts';
import { type Refusal, refusals } from '../refusal.ts';
import { ComponentFields, readComponentRequest } from './component-request.ts';
import { refreshTokenName, withRefreshTokenNames } from './refresh-token-name.ts';

const PATH = '/cgi-bin/component/api_get_authorizer_list';
const MAX_COUNT = 500;

/** Some programs send numbers as text. */
const Fields = ComponentFields.extend({ offset: z.unknown().optional(), count: z.unknown().optional() });

/**
 * `api_get_authorizer_list`: a call, whose answer carries virtual refresh tokens in place of WeChat's. For a key that is restricted
 * to certain accounts, the list comes from our records instead: programs page by the length of the pages that they receive, so
 * accounts must not be missing in the middle of a page. Throws Failure.
 */
export async function authorizerListRoute(
  services: CallServices,
  request: IncomingMessage,
  response: ServerResponse,
  { path, search }: { readonly path: string; readonly search: string },
  note: CallNote,
): Promise<number | undefined> {
  const refuse = (refusal: Refusal) => answerRefusal(response, refusal);

  const read = await readComponentRequest(services, request, search, Fields, note);
  if ('errcode' in read) return refuse(read);
  const { caller, component, fields, query, body } = read;
  demandPath(caller.rights, path);
  const { accounts } = caller.rights;
  if (accounts.length === 0) {
    await answerWithCall(
      services,
      response,
      { appid: component, component, path: PATH, query },
      { method: 'POST', body, contentType: 'application/json', caller },
      note,
      (answered) => withRefreshTokenNames(PATH, answered, component),
    );
    return undefined;
  }

  const [offset, count] = [wholeNumber(fields.offset), wholeNumber(fields.count)];
  if (offset === undefined || count === undefined) return refuse(refusals.badJson);
  if (count > MAX_COUNT) return refuse(refusals.listTooLong);
  const consenting = await services.platform.authorizers.consenting(component, accounts);
  answerJson(response, {
    total_count: consenting.length,
    list: consenting.slice(offset, offset + count).map(({ appid, authorizedAt }) => ({
      authorizer_appid: appid,
      refresh_token: refreshTokenName(component, appid),
      auth_time: Math.floor(authorizedAt.getTime() / 1000),
    })),
  });
  return 0;
}

function wholeNumber(value: unknown): number | undefined {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isInteger(number) && number >= 0 ? number : undefined;
}
