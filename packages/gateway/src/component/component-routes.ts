import { type ComponentView, type KeyRights, mayCall } from '@wxthirdparty/platform';
import { Router } from 'express';
import { z } from 'zod';
import { ReconciliationAnswer, reconciliationAnswer } from '../authorizer/reconciliation-routes.ts';
import type { Operations } from '../contract/operation.ts';
import { pageOf } from '../contract/page.ts';
import { time } from '../contract/time.ts';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { type PublicUrl, pushUrls } from '../http/public-url.ts';
import { callerOf } from '../key/caller.ts';
import { QuotaAnswer, quotaAnswer } from '../quota/quota-routes.ts';
import { ComponentStatusAnswer, componentStatusAnswer } from '../status/status-routes.ts';

const ComponentAnswer = ComponentStatusAnswer.extend({
  pushUrls: z
    .object({ events: z.string(), messages: z.string() })
    .meta({ description: 'to be entered at the Open Platform; `$APPID$` stays as it is' }),
  refusedIp: z
    .object({ ip: z.string().meta({ description: 'as WeChat shows it, with its last parts masked' }), at: time })
    .nullable()
    .meta({ description: 'the address of this deployment that WeChat refused last (61004)' }),
  quotas: z
    .array(QuotaAnswer)
    .readonly()
    .meta({ description: 'of the component’s own APIs; empty for a key that is restricted to certain accounts' }),
  lastReconciliation: ReconciliationAnswer.nullable().meta({
    description: 'null also for a key that is restricted to certain accounts',
  }),
}).meta({ id: 'Component' });

export const componentOperations: Operations = {
  'GET /v1/components': {
    id: 'listComponents',
    tag: 'Components',
    summary: 'The components of this deployment, with what each needs to work',
    answers: { 200: pageOf(ComponentAnswer) },
  },
  'GET /v1/components/:appid': {
    id: 'getComponent',
    tag: 'Components',
    summary: 'One of them',
    answers: { 200: ComponentAnswer },
    problems: ['unknown_component'],
  },
};

export function componentRoutes(platform: GatewayPlatform, publicUrl: PublicUrl): Router {
  const routes = Router();

  routes.get('/v1/components', async (_request, response) => {
    const { rights } = callerOf(response);
    const views = await platform.componentViews.all();
    response.json({ items: views.map((view) => componentAnswer(view, rights, publicUrl)), next: null });
  });

  routes.get('/v1/components/:appid', async (request, response) => {
    const { rights } = callerOf(response);
    response.json(componentAnswer(await platform.componentViews.find(request.params.appid), rights, publicUrl));
  });

  return routes;
}

function componentAnswer(
  view: ComponentView,
  rights: KeyRights,
  publicUrl: PublicUrl,
): z.input<typeof ComponentAnswer> {
  // These concern all accounts.
  const isUnrestricted = rights.accounts.length === 0;
  const { refusedIp, quotas, lastReconciliation } = view;
  return {
    ...componentStatusAnswer(view),
    pushUrls: pushUrls(publicUrl, view.appid),
    refusedIp: refusedIp && { ip: refusedIp.ip, at: refusedIp.at },
    quotas: isUnrestricted ? quotas.filter(({ path }) => mayCall(rights, path)).map(quotaAnswer) : [],
    lastReconciliation: isUnrestricted && lastReconciliation ? reconciliationAnswer(lastReconciliation) : null,
  };
}
