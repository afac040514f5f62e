import type { IncomingMessage, ServerResponse } from 'node:http';
import { demandAccount, demandPath } from '@wxthirdparty/platform';
import { answerRefusal } from '../answer-refusal.ts';
import { answerWithCall, type CallNote, type CallServices } from '../call-route.ts';
import { type Refusal, refusals } from '../refusal.ts';
import { ComponentFields, readComponentRequest, text } from './component-request.ts';
import { withRefreshTokenName } from './refresh-token-name.ts';

const PATH = '/cgi-bin/component/api_get_authorizer_info';
const Fields = ComponentFields.extend({ authorizer_appid: text });

/** `api_get_authorizer_info`: a call, whose answer carries the virtual refresh token in place of WeChat's. Throws Failure. */
export async function authorizerInfoRoute(
  services: CallServices,
  request: IncomingMessage,
  response: ServerResponse,
  { path, search }: { readonly path: string; readonly search: string },
  note: CallNote,
): Promise<number | undefined> {
  const refuse = (refusal: Refusal) => answerRefusal(response, refusal);

  const read = await readComponentRequest(services, request, search, Fields, note);
  if ('errcode' in read) return refuse(read);
  const { caller, component, fields, query } = read;
  const { authorizer_appid: appid } = fields;
  if (!appid) return refuse(refusals.missingAuthorizerAppid);
  demandAccount(caller.rights, appid);
  demandPath(caller.rights, path);
  await answerWithCall(
    services,
    response,
    { appid: component, component, path: PATH, query },
    // Written again: of a repeated member, WeChat might read another one than was checked.
    {
      method: 'POST',
      body: Buffer.from(JSON.stringify(fields)),
      contentType: 'application/json',
      caller,
    },
    note,
    (answered) => withRefreshTokenName(answered, component, appid),
  );
  return undefined;
}
