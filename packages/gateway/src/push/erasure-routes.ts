import type { ErasureRequest } from '@wxthirdparty/platform';
import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { ComponentQuery, ofOneComponent, oneAccount } from '../contract/one-component.ts';
import type { Operation, Operations } from '../contract/operation.ts';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { actorOf } from '../key/actor-of.ts';

const ErasureAnswer = z.object({ state: z.enum(['running', 'completed']) }).meta({ id: 'Erasure' });

const description =
  'Repeat the request until it is answered 200 `completed`: then nothing remains of what was accepted before. The audit names ' +
  'a person by a hash.';

const erasure = (id: string, tag: string, summary: string): Operation => ({
  id,
  tag,
  summary,
  description,
  query: ComponentQuery,
  answers: { 200: ErasureAnswer, 202: ErasureAnswer },
  problems: [...oneAccount],
});

export const erasureOperations: Operations = {
  'DELETE /v1/authorizers/:appid/people/:openid/pushes': erasure(
    'erasePushesOfPerson',
    'Pushes',
    'Erases a person’s pushes and their deliveries',
  ),
  'DELETE /v1/authorizers/:appid/pushes': erasure(
    'erasePushes',
    'Pushes',
    'Erases an account’s pushes and their deliveries',
  ),
  'DELETE /v1/authorizers/:appid/followers': erasure('eraseFollowers', 'Followers', 'Erases an account’s followers'),
};

export function erasureRoutes(platform: GatewayPlatform): Router {
  const routes = Router();
  const erase = async (request: Request, response: Response, asked: ErasureRequest) => {
    const component = ofOneComponent(request.query);
    const state = await platform.requestErasure({ ...asked, component }, actorOf(request, response));
    response.status(state === 'completed' ? 200 : 202).json({ state } satisfies z.input<typeof ErasureAnswer>);
  };

  routes.delete('/v1/authorizers/:appid/people/:openid/pushes', (request, response) => {
    const { appid, openid } = request.params;
    return erase(request, response, { what: 'person', appid, openid });
  });
  routes.delete('/v1/authorizers/:appid/pushes', (request, response) =>
    erase(request, response, { what: 'account', appid: request.params.appid }),
  );
  routes.delete('/v1/authorizers/:appid/followers', (request, response) =>
    erase(request, response, { what: 'followers', appid: request.params.appid }),
  );

  return routes;
}
