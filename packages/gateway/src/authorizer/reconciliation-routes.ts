import type { Reconciliation } from '@wxthirdparty/platform';
import { Router } from 'express';
import { z } from 'zod';
import { ComponentQuery, ofOneComponent } from '../contract/one-component.ts';
import type { Operations } from '../contract/operation.ts';
import { PageQuery, pageOf } from '../contract/page.ts';
import { time } from '../contract/time.ts';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { readQuery } from '../http/read-query.ts';

const reconciliationState = z.enum(['queued', 'running', 'completed', 'failed']);

export const ReconciliationAnswer = z
  .object({
    id: z.string(),
    component: z.string(),
    reason: z.enum(['requested', 'start', 'nightly', 'refused']),
    state: reconciliationState,
    phase: z
      .enum(['listing', 'missing'])
      .meta({ description: 'first WeChat’s list, then the stored accounts that are not in it' }),
    total: z.int().nullable(),
    seen: z.int(),
    added: z.int(),
    changed: z.int(),
    revoked: z.int(),
    error: z.string().nullable(),
    createdAt: time,
    startedAt: time.nullable(),
    finishedAt: time.nullable(),
  })
  .meta({ id: 'Reconciliation' });

/** What `GET /v1/reconciliations` takes. */
const ReconciliationListQuery = PageQuery.extend({
  component: z.string().optional(),
  state: reconciliationState.optional(),
});

export const reconciliationOperations: Operations = {
  'POST /v1/authorizers/reconcile': {
    id: 'reconcile',
    tag: 'Authorizers',
    summary: 'Compares the stored accounts with WeChat’s list; returns the running comparison if there is one',
    query: ComponentQuery,
    answers: { 200: ReconciliationAnswer, 202: ReconciliationAnswer },
    problems: ['unknown_component', 'ambiguous_component', 'not_ready'],
  },
  'GET /v1/reconciliations': {
    id: 'listReconciliations',
    tag: 'Authorizers',
    summary: 'The reconciliations of all components, the newest first; a filtered page may hold fewer than `limit`',
    query: ReconciliationListQuery,
    answers: { 200: pageOf(ReconciliationAnswer) },
    problems: ['unknown_component'],
  },
  'GET /v1/reconciliations/:id': {
    id: 'getReconciliation',
    tag: 'Authorizers',
    summary: 'The progress of a reconciliation',
    answers: { 200: ReconciliationAnswer },
    problems: ['unknown_reconciliation'],
  },
};

export function reconciliationRoutes(platform: GatewayPlatform): Router {
  const routes = Router();

  routes.post('/v1/authorizers/reconcile', async (request, response) => {
    const { run, isNew } = await platform.reconciliations.begin(ofOneComponent(request.query), 'requested');
    response
      .status(isNew ? 202 : 200)
      .location(`/v1/reconciliations/${run.id}`)
      .json(reconciliationAnswer(run));
  });

  routes.get('/v1/reconciliations', async (request, response) => {
    const { items, next } = await platform.reconciliations.list(readQuery(ReconciliationListQuery, request.query));
    response.json({ items: items.map(reconciliationAnswer), next });
  });

  routes.get('/v1/reconciliations/:id', async (request, response) => {
    response.json(reconciliationAnswer(await platform.reconciliations.find(request.params.id)));
  });

  return routes;
}

export function reconciliationAnswer(run: Reconciliation): z.input<typeof ReconciliationAnswer> {
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
