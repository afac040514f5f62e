import type { IncomingMessage, ServerResponse } from 'node:http';
import { demandScope } from '@wxthirdparty/platform';
import { addressOf } from '../../http/address-of.ts';
import { readBody } from '../../http/read-body.ts';
import { answerJson, answerRefusal } from '../answer-refusal.ts';
import type { CallNote } from '../call-route.ts';
import { type Refusal, refusals } from '../refusal.ts';
import type { TokenServices } from '../token-route.ts';
import { LIFE_S } from '../virtual-token.ts';
import { ComponentFields, parseFields, text } from './component-request.ts';

const Fields = ComponentFields.extend({ component_appsecret: text });

/**
 * `api_component_token` of the virtual component: a component token of ours for the holder of an API key. The ticket in the
 * request is ignored. Throws Failure, `not_ready` while the component cannot act.
 */
export async function componentTokenRoute(
  { platform, authenticator, trusts, tokens }: TokenServices,
  request: IncomingMessage,
  response: ServerResponse,
  { search }: { readonly search: string },
  note: CallNote,
): Promise<number> {
  const refuse = (refusal: Refusal) => answerRefusal(response, refusal);

  if (request.method !== 'POST') return refuse(refusals.needsPost);
  const body = await readBody(request, { limit: 16 * 1024, timeoutMs: 10_000, sender: 'stranger' });
  const fields = parseFields(body, Fields);
  if (fields === undefined) return refuse(refusals.badJson);
  const query = new URLSearchParams(search);
  const component = fields.component_appid ?? query.get('component_appid');
  const secret = fields.component_appsecret ?? query.get('component_appsecret');
  if (!component) return refuse(refusals.missingComponentAppid);
  if (!secret) return refuse(refusals.missingSecret);
  const caller = await authenticator.byKey(secret, addressOf(request, trusts));
  if (caller === undefined) return refuse(refusals.badKey);
  note.key = caller.id;
  demandScope(caller.rights, 'calls');
  if (!platform.components.includes(component)) return refuse(refusals.badComponent);
  await platform.demandReady(component);
  const token = tokens.sign({ keyFingerprint: caller.fingerprint, component, appid: component });
  answerJson(response, { component_access_token: token, expires_in: LIFE_S });
  return 0;
}
