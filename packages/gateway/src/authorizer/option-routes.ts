import { Failure } from '@wxthirdparty/wechat';
import { Router } from 'express';
import { z } from 'zod';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { readJson } from '../http/read-json.ts';
import { ofOneComponent } from '../one-component.ts';

/**
 * What `PUT /v1/authorizers/:appid/options/:name` takes. WeChat's values are texts.
 * @public the API's description is made from it
 */
export const OptionBody = z.strictObject({
  value: z.union([z.string().min(1).max(255), z.number().int().transform(String)]),
});

export function optionRoutes(platform: GatewayPlatform): Router {
  const routes = Router();
  const { authorizerOptions } = platform;

  routes.get('/v1/authorizers/:appid/options/:name', async (request, response) => {
    const { appid, name } = request.params;
    const value = await authorizerOptions.get(appid, ofOneComponent(request.query), checked(name));
    response.json({ name, value });
  });

  routes.put('/v1/authorizers/:appid/options/:name', async (request, response) => {
    const { appid, name } = request.params;
    const { value } = await readJson(request, OptionBody);
    await authorizerOptions.set(appid, ofOneComponent(request.query), checked(name), value);
    response.json({ name, value });
  });

  return routes;
}

function checked(name: string): string {
  if (/^[a-z_]{1,64}$/.test(name)) return name;
  throw new Failure(
    'invalid_request',
    'fix-request',
    'an option is one of location_report, voice_recognize, customer_service',
  );
}
