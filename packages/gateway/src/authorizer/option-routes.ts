import { Failure } from '@wxthirdparty/wechat';
import { Router } from 'express';
import { z } from 'zod';
import { ComponentQuery, ofOneComponent, oneAccount } from '../contract/one-component.ts';
import type { Operations } from '../contract/operation.ts';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { readJson } from '../http/read-json.ts';

/** What `PUT /v1/authorizers/:appid/options/:name` takes. WeChat's values are texts. */
const OptionBody = z.strictObject({
  value: z.union([
    z
      .string()
      .min(1)
      .max(255)
      .meta({ examples: ['0', '1'] }),
    z.number().int().transform(String),
  ]),
});

const OptionAnswer = z.object({ name: z.string(), value: z.string() }).meta({ id: 'Option' });

const anOption = {
  tag: 'Options',
  query: ComponentQuery,
  answers: { 200: OptionAnswer },
  problems: ['invalid_request', 'reauthorize', ...oneAccount],
} as const;

export const optionOperations: Operations = {
  'GET /v1/authorizers/:appid/options/:name': { ...anOption, id: 'getOption', summary: 'The value of an option' },
  'PUT /v1/authorizers/:appid/options/:name': {
    ...anOption,
    id: 'setOption',
    summary: 'Sets `location_report`, `voice_recognize` or `customer_service`',
    body: OptionBody,
    example: { value: '1' },
  },
};

export function optionRoutes(platform: GatewayPlatform): Router {
  const routes = Router();
  const { authorizerOptions } = platform;

  routes.get('/v1/authorizers/:appid/options/:name', async (request, response) => {
    const { appid, name } = request.params;
    const value = await authorizerOptions.get(appid, ofOneComponent(request.query), checked(name));
    response.json({ name, value } satisfies z.input<typeof OptionAnswer>);
  });

  routes.put('/v1/authorizers/:appid/options/:name', async (request, response) => {
    const { appid, name } = request.params;
    const { value } = await readJson(request, OptionBody);
    await authorizerOptions.set(appid, ofOneComponent(request.query), checked(name), value);
    response.json({ name, value } satisfies z.input<typeof OptionAnswer>);
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
