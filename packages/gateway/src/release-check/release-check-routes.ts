import { checkCodes, checkStepNames, type ReleaseCheck, releaseCheckAnswer } from '@wxthirdparty/platform';
import { type Response, Router } from 'express';
import { z } from 'zod';
import type { Operations } from '../contract/operation.ts';
import { PageQuery, pageOf } from '../contract/page.ts';
import { time } from '../contract/time.ts';
import type { GatewayPlatform } from '../gateway-platform.ts';
import type { PublicUrl } from '../http/public-url.ts';
import { readJson } from '../http/read-json.ts';
import { readQuery } from '../http/read-query.ts';
import { callerOf } from '../key/caller.ts';

/** What `GET /v1/release-checks` takes. */
const ReleaseCheckListQuery = PageQuery.extend({ component: z.string().optional() });

const BothLanguages = z.object({ zh: z.string(), en: z.string() });

const CheckStep = z
  .object({
    name: z.enum(checkStepNames),
    state: z.enum(['ok', 'failed', 'skipped']),
    code: z.enum(checkCodes).nullable().meta({ description: 'why it failed' }),
    detail: BothLanguages,
    ms: z.int().nullable(),
    expected: z.string().nullable(),
    got: z.string().nullable(),
  })
  .meta({ id: 'ReleaseCheckStep' });

const ConsoleSetting = z
  .object({
    name: z.enum(['event_url', 'message_url', 'token', 'encoding_aes_key', 'ip_list', 'permission_sets']),
    value: z.string().nullable().meta({
      description:
        'what this deployment expects there; null if it does not know, or if it is a secret and the caller is no key with the scope admin',
    }),
    detail: BothLanguages,
  })
  .meta({ id: 'ConsoleSetting' });

const ReleaseCheckAnswer = z
  .object({
    id: z.string(),
    component: z.string(),
    kind: z.enum(['real', 'rehearsal']),
    appid: z.string().nullable().meta({ description: 'the test account; null for a rehearsal' }),
    state: z
      .enum(['running', 'passed', 'failed'])
      .meta({ description: 'of a real check as this deployment sees it; WeChat’s console has the verdict' }),
    startedAt: time,
    finishedAt: time.nullable(),
    steps: z.array(CheckStep).readonly(),
    console: z
      .array(ConsoleSetting)
      .readonly()
      .optional()
      .meta({ description: 'of a rehearsal: what only WeChat’s console shows, to be compared by its operator' }),
  })
  .meta({ id: 'ReleaseCheck' });

const RehearsalInput = z.strictObject({}).meta({ id: 'RehearsalInput' });

export const releaseCheckOperations: Operations = {
  'POST /v1/components/:appid/release-rehearsals': {
    id: 'startReleaseRehearsal',
    tag: 'Release checks',
    summary: 'Rehearses WeChat’s whole-network release check: a worker acts as WeChat towards PUBLIC_URL',
    body: RehearsalInput,
    answers: { 202: ReleaseCheckAnswer },
    problems: ['unknown_component', 'rehearsal_running'],
  },
  'GET /v1/release-checks': {
    id: 'listReleaseChecks',
    tag: 'Release checks',
    summary: 'The release checks and their rehearsals, the newest first',
    query: ReleaseCheckListQuery,
    answers: { 200: pageOf(ReleaseCheckAnswer) },
  },
  'GET /v1/release-checks/:id': {
    id: 'getReleaseCheck',
    tag: 'Release checks',
    summary: 'One of them, step by step',
    answers: { 200: ReleaseCheckAnswer },
    problems: ['unknown_release_check'],
  },
};

export function releaseCheckRoutes(platform: GatewayPlatform, publicUrl: PublicUrl): Router {
  const routes = Router();

  routes.post('/v1/components/:appid/release-rehearsals', async (request, response) => {
    await readJson(request, RehearsalInput);
    const check = await platform.rehearsals.start(request.params.appid, publicUrl());
    response.status(202).location(`/v1/release-checks/${check.id}`).json(answer(check, response));
  });

  routes.get('/v1/release-checks', async (request, response) => {
    const { items, next } = await platform.releaseChecks.list(readQuery(ReleaseCheckListQuery, request.query));
    response.json({ items: items.map(releaseCheckAnswer), next });
  });

  routes.get('/v1/release-checks/:id', async (request, response) => {
    response.json(answer(await platform.releaseChecks.find(request.params.id), response));
  });

  return routes;

  function answer(check: ReleaseCheck, response: Response): z.input<typeof ReleaseCheckAnswer> {
    const shown = releaseCheckAnswer(check);
    // A component may have been removed from the configuration since.
    if (check.kind === 'real' || !platform.components.includes(check.component)) return shown;
    const { rights, operator } = callerOf(response);
    // The console shows no secrets.
    const seesSecrets = rights.scopes.includes('admin') && operator === undefined;
    const settings = platform.rehearsals.consoleSettings(check.component, publicUrl());
    const console = settings.map(({ name, value, isSecret, detail }) => ({
      name,
      value: isSecret && !seesSecrets ? null : value,
      detail,
    }));
    return { ...shown, console };
  }
}
