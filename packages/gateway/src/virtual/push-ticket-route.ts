import type { IncomingMessage, ServerResponse } from 'node:http';
import { demandScope } from '@wxthirdparty/platform';
import { z } from 'zod';
import { addressOf } from '../http/address-of.ts';
import { readBody } from '../http/read-body.ts';
import { answerJson, answerRefusal } from './answer-refusal.ts';
import { type Refusal, refusals } from './refusal.ts';
import type { TokenServices } from './token-route.ts';

/** Here WeChat calls the secret `component_secret` (protocol §3.1). */
const PushTicketRequest = z.object({
  component_appid: z.string().optional(),
  component_secret: z.string().optional(),
});

/**
 * `api_start_push_ticket` of the virtual component: receivers of format `wechat-component` get a ticket of ours at once. WeChat
 * never sees the request. Throws Failure.
 */
export async function pushTicketRoute(
  { platform, authenticator, trusts }: TokenServices,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<number> {
  const refuse = (refusal: Refusal) => answerRefusal(response, refusal);

  if (request.method !== 'POST') return refuse(refusals.needsPost);
  const parameters = parse(await readBody(request, { limit: 16 * 1024, timeoutMs: 10_000, sender: 'stranger' }));
  if (parameters === undefined) return refuse(refusals.badJson);
  const { component_appid: component, component_secret: secret } = parameters;
  if (component === undefined || component === '') return refuse(refusals.missingAppid);
  if (secret === undefined || secret === '') return refuse(refusals.missingSecret);
  const caller = await authenticator.byKey(secret, addressOf(request, trusts));
  if (caller === undefined) return refuse(refusals.badKey);
  demandScope(caller.rights, 'calls');
  if (!platform.components.includes(component)) return refuse(refusals.badComponent);
  await platform.componentTickets.request(component);
  answerJson(response, { errcode: 0, errmsg: 'ok' });
  return 0;
}

function parse(body: Buffer): z.infer<typeof PushTicketRequest> | undefined {
  try {
    return PushTicketRequest.parse(JSON.parse(body.toString('utf8')));
  } catch {
    return undefined;
  }
}
