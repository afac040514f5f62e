import { demandPath } from '@wxthirdparty/platform';
import { JS_TICKET_PATH } from '@wxthirdparty/wechat';
import { Router } from 'express';
import { z } from 'zod';
import { ComponentQuery, ofOneComponent, oneAccount } from '../contract/one-component.ts';
import type { Operations } from '../contract/operation.ts';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { callerSignal } from '../http/caller-signal.ts';
import { readJson } from '../http/read-json.ts';
import type { Shutdown } from '../http/shutdown.ts';
import { callerOf } from '../key/caller.ts';

const MAX_URL_LENGTH = 2048;

const JsConfigBody = z.strictObject({
  url: z
    .string()
    .max(MAX_URL_LENGTH, { error: `at most ${MAX_URL_LENGTH} characters` })
    .regex(/^https?:\/\/[^\s/?#]\S*$/, {
      error: 'give the whole http or https URL of the page, as its location.href reads',
    })
    .refine((url) => URL.canParse(url), { error: 'this is not a URL' })
    .meta({
      description: 'the page’s `location.href`, unchanged; what follows `#` is not signed',
      examples: ['https://shop.example.com/page?a=1'],
    }),
});

const JsConfigAnswer = z
  .object({
    appId: z.string(),
    timestamp: z.int().meta({ description: 'in seconds' }),
    nonceStr: z.string(),
    signature: z.string(),
  })
  .meta({ id: 'JsConfig' });

export const jsConfigOperations: Operations = {
  'POST /v1/authorizers/:appid/js-config': {
    id: 'signJsConfig',
    tag: 'Calls',
    summary: 'Signs a web page for the JS-SDK: what it passes to `wx.config`',
    description:
      'Sign only pages of your own. A key that is restricted to paths must permit `/cgi-bin/ticket/getticket`.',
    query: ComponentQuery,
    body: JsConfigBody,
    example: { url: 'https://shop.example.com/page?a=1' },
    answers: { 200: JsConfigAnswer },
    problems: [...oneAccount, 'reauthorize', 'quota_closed'],
  },
};

export function jsConfigRoutes(platform: GatewayPlatform, shutdown: Shutdown): Router {
  const routes = Router();

  routes.post('/v1/authorizers/:appid/js-config', async (request, response) => {
    const { url } = await readJson(request, JsConfigBody);
    demandPath(callerOf(response).rights, JS_TICKET_PATH);
    const account = { appid: request.params.appid, component: ofOneComponent(request.query) };
    using caller = callerSignal(response, shutdown);
    const config: z.input<typeof JsConfigAnswer> = await platform.jsTickets.sign(account, url, caller.signal);
    response.json(config);
  });

  return routes;
}
