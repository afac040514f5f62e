import type { Reconciliation } from '@wxthirdparty/platform';
import { Router } from 'express';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { ofOneComponent } from '../one-component.ts';

export function reconciliationRoutes(platform: GatewayPlatform): Router {
  const routes = Router();

  routes.post('/v1/authorizers/reconcile', async (request, response) => {
    const { run, isNew } = await platform.reconciliations.begin(ofOneComponent(request.query), 'requested');
    response
      .status(isNew ? 202 : 200)
      .location(`/v1/reconciliations/${run.id}`)
      .json(reconciliationAnswer(run));
  });

  routes.get('/v1/reconciliations/:id', async (request, response) => {
    response.json(reconciliationAnswer(await platform.reconciliations.find(request.params.id)));
  });

  return routes;
}

function reconciliationAnswer(run: Reconciliation): Record<string, unknown> {
  return {
    id: run.id,
    component: run.component,
    reason: run.reason,
    state: run.state,
    phase: run.phase,
    total: run.total,
    seen: run.seen,
    added: run.added,
    changed: run.changed,
    revoked: run.revoked,
    error: run.error,
    createdAt: run.createdAt,
    startedAt: run.startedAt,
    finishedAt: run.finishedAt,
  };
}
