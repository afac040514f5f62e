import {
  acceptedAnswer,
  type Call,
  type CallDetail,
  type CallSummary,
  callAnswer,
  callDetailAnswer,
  callSummaryAnswer,
  demandAccount,
  demandPath,
  type KeyRights,
} from '@wxthirdparty/platform';
import { canonicalPath, componentLoginOf, Failure } from '@wxthirdparty/wechat';
import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { ComponentQuery, ofOneComponent, oneAccount } from '../contract/one-component.ts';
import type { Operations } from '../contract/operation.ts';
import { PageQuery, pageOf } from '../contract/page.ts';
import { problemOf } from '../contract/problem.ts';
import { ProblemAnswer } from '../contract/problem-answer.ts';
import { reauthorizationLinkOf } from '../contract/reauthorization-link.ts';
import type { GatewayPlatform } from '../gateway-platform.ts';
import type { PublicUrl } from '../http/public-url.ts';
import { readQuery } from '../http/read-query.ts';
import { requestIdOf } from '../http/request-id.ts';
import type { Shutdown } from '../http/shutdown.ts';
import { ENVIRONMENT_KEY } from '../key/api-keys.ts';
import { callerOf } from '../key/caller.ts';
import { maySeeNickNames } from '../key/may-see-nick-names.ts';
import { setQuotaHeader } from '../quota/remaining-header.ts';
import { BatchBody, CallBody, type ReadBatchedCall, readBatchBody, readCallBody } from './call-body.ts';
import { CallAnswer, CallDetailAnswer, CallSummaryAnswer, callState } from './call-schema.ts';
import { outcomeNoteOf } from './outcome-note.ts';
import { asComponentLogin, demandReadablePath, mayReadCalls } from './program-login.ts';
import { readJsonBody } from './read-json-body.ts';

/** An interactive call that has not departed after ten minutes is of no use to its caller. */
const INTERACTIVE_DEPARTURE_MS = 10 * 60_000;
const BACKGROUND_DEPARTURE_MS = 24 * 3600_000;

/** What `GET /v1/calls` takes. */
const CallListQuery = PageQuery.extend({
  appid: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'it or `handle` is required unless `component` and `failed=true` are given' }),
  handle: z.string().optional().meta({ description: 'the same, by the account’s handle' }),
  ...ComponentQuery.shape,
  failed: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .default(false)
    .meta({ description: '`true`: of the last 10,000 calls of the component that failed, or that WeChat refused' }),
  state: callState.optional(),
  errcode: z.coerce
    .number('a whole number')
    .int('a whole number')
    .optional()
    .meta({ description: 'of WeChat’s answer' }),
  code: z.string().optional().meta({ description: 'of the failure' }),
  key: z.string().optional().meta({ description: 'the id of the key with which it was requested' }),
  path: z.string().transform(canonicalPath).optional(),
  since: z.iso
    .datetime({ offset: true, error: 'must be a time in ISO 8601 with its zone' })
    .transform((text) => new Date(text))
    .optional(),
});

const BatchAnswer = z.object({
  items: z.array(z.union([z.object({ id: z.string() }), z.object({ problem: ProblemAnswer })])),
});

const IdempotencyHeaders = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,200}$/, '1 to 200 visible ASCII characters')
    .optional()
    .meta({ description: 'a request with the same key returns the call that was created first' }),
});

export const callOperations: Operations = {
  'POST /v1/authorizers/:appid/calls': {
    id: 'call',
    tag: 'Calls',
    summary: 'Calls WeChat on behalf of an account',
    description:
      'Waits at most `waitMs` for WeChat’s answer. A call that may have been carried out is not sent again unless that is ' +
      'safe; if its outcome cannot be known, it fails as `outcome_unknown`. `X-Wx-Quota-Remaining`: the calls that ' +
      'remain today, if known.',
    query: ComponentQuery,
    headers: IdempotencyHeaders,
    body: CallBody,
    example: {
      method: 'POST',
      path: '/cgi-bin/message/custom/send',
      body: { touser: 'OPENID', msgtype: 'text', text: { content: '你好' } },
    },
    answers: { 200: CallAnswer, 202: CallAnswer },
    problems: [
      ...oneAccount,
      'address_not_allowed',
      'reauthorize',
      'idempotency_conflict',
      'quota_closed',
      'account_busy',
      'overloaded',
    ],
  },
  'POST /v1/components/:appid/calls': {
    id: 'callAsComponent',
    tag: 'Calls',
    summary: 'Calls one of WeChat’s component APIs',
    headers: IdempotencyHeaders,
    body: CallBody,
    example: { method: 'POST', path: '/cgi-bin/component/api_get_authorizer_list', body: { offset: 0, count: 100 } },
    answers: { 200: CallAnswer, 202: CallAnswer },
    problems: [
      'unknown_component',
      'address_not_allowed',
      'idempotency_conflict',
      'not_ready',
      'quota_closed',
      'account_busy',
      'overloaded',
    ],
  },
  'GET /v1/calls/:id': {
    id: 'getCall',
    tag: 'Calls',
    summary: 'A call, with WeChat’s answer when it has settled, and how it came to that',
    answers: { 200: CallDetailAnswer },
    problems: ['unknown_call'],
  },
  'DELETE /v1/calls/:id': {
    id: 'cancelCall',
    tag: 'Calls',
    summary: 'Cancels a call that has not departed',
    answers: { 200: CallAnswer },
    problems: ['unknown_call', 'already_departed'],
  },
  'GET /v1/calls': {
    id: 'listCalls',
    tag: 'Calls',
    summary: 'The calls of one account, or the failed ones of a component, the newest first',
    description:
      'A page may contain fewer calls than `limit`; only `next: null` is the end. A key for certain accounts or paths sees ' +
      'only their calls. With `failed=true` the calls are in the order of their outcomes, and are listed after their records ' +
      'have expired.',
    query: CallListQuery,
    answers: { 200: pageOf(CallSummaryAnswer) },
    problems: [...oneAccount],
  },
  'POST /v1/calls/batch': {
    id: 'callInBatch',
    tag: 'Calls',
    summary: 'Up to 1,000 background calls for many accounts',
    description: 'Each is accepted or rejected separately; the items are in the order of the calls.',
    headers: IdempotencyHeaders,
    body: BatchBody,
    example: { calls: [{ appid: 'APPID', method: 'GET', path: '/cgi-bin/user/get' }] },
    answers: { 202: BatchAnswer },
    problems: ['overloaded'],
  },
};

export function callRoutes(platform: GatewayPlatform, publicUrl: PublicUrl, shutdown: Shutdown): Router {
  const routes = Router();

  const call = async (
    request: Request,
    response: Response,
    account: { appid: string; component?: string | undefined },
  ) => {
    const { waitMs, ...input } = await readJsonBody(request, readCallBody);
    const { id: keyId, rights, fingerprint } = callerOf(response);
    demandPath(rights, input.path);
    // A caller that disconnects after the departure ends only the wait: the call has an id by which it can be read.
    const [waiting, disconnected] = [new AbortController(), new AbortController()];
    const unsubscribe = shutdown.stopWaiting.onFire(() => waiting.abort());
    response.once('close', () => {
      disconnected.abort();
      waiting.abort();
    });
    let acceptedAt = new Date();
    try {
      const { id, call: found } = await platform.calls.run(
        {
          ...asComponentLogin(input, account.appid === account.component),
          ...account,
          keyFingerprint: fingerprint,
          keyId,
          idempotencyKey: idempotencyKeyOf(request),
          departWithinMs: waitMs > 0 ? INTERACTIVE_DEPARTURE_MS : BACKGROUND_DEPARTURE_MS,
        },
        {
          waitMs,
          signal: waiting.signal,
          disconnected: disconnected.signal,
          onTimeout: 'keep',
          accepted(id) {
            acceptedAt = new Date();
            response.locals.call = id;
          },
        },
      );
      if (!found || found.settledAt === null) response.status(202).location(`/v1/calls/${encodeURIComponent(id)}`);
      if (found) {
        setQuotaHeader(response, found);
        response.locals.outcome = outcomeNoteOf(found);
      }
      const answer = found ? await answerOf(platform, found, account.component) : acceptedAnswer(id, acceptedAt);
      response.json(answer satisfies z.input<typeof CallAnswer>);
    } finally {
      unsubscribe();
    }
  };

  routes.post('/v1/authorizers/:appid/calls', (request, response) =>
    call(request, response, { appid: request.params.appid, component: ofOneComponent(request.query) }),
  );
  routes.post('/v1/components/:appid/calls', (request, response) =>
    call(request, response, { appid: request.params.appid, component: request.params.appid }),
  );

  routes.post('/v1/calls/batch', async (request, response) => {
    const key = idempotencyKeyOf(request);
    const { id: keyId, rights, fingerprint } = callerOf(response);
    const read = await readJsonBody(request, readBatchBody);
    const requests = read
      .map((asked) => permitted(asked, rights))
      .map((call, i) =>
        call instanceof Failure
          ? call
          : {
              ...asComponentLogin(call, call.appid === call.component),
              keyFingerprint: fingerprint,
              keyId,
              departWithinMs: BACKGROUND_DEPARTURE_MS,
              idempotencyKey: key === undefined ? undefined : `${key} ${i}`,
            },
      );
    const submitted = await platform.calls.submitAll(requests.flatMap((one) => (one instanceof Failure ? [] : [one])));
    const answers = submitted.values();
    response.status(202).json({
      items: requests.map((one) => {
        const result = one instanceof Failure ? one : answers.next().value!;
        if (!(result instanceof Failure)) return { id: result.id };
        return { problem: problemOf(result, requestIdOf(response), reauthorizationLinkOf(result, publicUrl)) };
      }),
    } satisfies z.input<typeof BatchAnswer>);
  });

  routes.get('/v1/calls', async (request, response) => {
    const { rights } = callerOf(response);
    // A repeated `?appid=` matches no account of a key.
    if (request.query.appid !== undefined) demandAccount(rights, String(request.query.appid));
    const { failed, key: keyId, handle, ...query } = readQuery(CallListQuery, request.query);
    const account = handle === undefined ? query : await accountWith(handle, platform, query, rights);
    if (account === undefined) {
      response.json({ items: [], next: null });
      return;
    }
    const { appid, ...filter } = { ...query, ...account };
    const path = filter.path && (componentLoginOf(filter.path) ?? filter.path);
    if (path !== undefined) demandReadablePath(rights, path);
    const { items, next } = failed
      ? await platform.failedCalls.page({
          ...filter,
          appid,
          path,
          keyId,
          component: await componentOf(platform, appid, filter.component),
          shows: (call) => mayUse(rights, call.appid) && mayReadCalls(rights, call.path),
        })
      : await platform.callList.page({
          ...filter,
          appid: demandAppid(appid),
          path,
          keyId,
          shows: (path) => mayReadCalls(rights, path),
        });
    const named = await namesOf(platform, items, response);
    const listed: z.input<typeof CallSummaryAnswer>[] = items.map((call) => ({
      ...callSummaryAnswer(call),
      ...named(call),
    }));
    response.json({ items: listed, next });
  });

  routes.get('/v1/calls/:id', async (request, response) => {
    const found = await findDetail(platform, request.params.id, response);
    const { call } = found;
    setQuotaHeader(response, call);
    const [named, key] = await Promise.all([namesOf(platform, [call], response), keyOf(platform, call)]);
    response.json(callDetailAnswer(found, { ...named(call), key }) satisfies z.input<typeof CallDetailAnswer>);
  });

  routes.delete('/v1/calls/:id', async (request, response) => {
    // Before the call is changed: the key must permit its path.
    await find(platform, request.params.id, response);
    const cancelled = await platform.calls.cancel(request.params.id);
    const found = await find(platform, request.params.id, response);
    if (!cancelled && found.state !== 'cancelled') {
      throw new Failure('already_departed', 'fix-request', `The call has departed: it is ${found.state}.`);
    }
    response.json(await answerOf(platform, found, found.component));
  });

  return routes;
}

/** Of a batch, only the calls that the key does not permit are refused. */
function permitted(asked: ReadBatchedCall | Failure, rights: KeyRights): ReadBatchedCall | Failure {
  if (asked instanceof Failure) return asked;
  try {
    demandAccount(rights, asked.appid);
    demandPath(rights, asked.path);
    return asked;
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}

async function find(platform: GatewayPlatform, id: string, response: Response): Promise<Call> {
  return readable(await platform.calls.find(id), response);
}

async function findDetail(platform: GatewayPlatform, id: string, response: Response): Promise<CallDetail> {
  const found = await platform.calls.detail(id);
  readable(found?.call, response);
  return found!;
}

/** Throws Failure `unknown_call`, ForbiddenFailure. */
function readable(found: Call | undefined, response: Response): Call {
  if (found === undefined)
    throw new Failure('unknown_call', 'fix-request', 'There is no such call, or its record has expired.');
  demandReadablePath(callerOf(response).rights, found.path);
  // Only now: the log must not repeat an arbitrary text that a caller sent as an id.
  response.locals.call = found.id;
  return found;
}

/** Throws Failure `invalid_request`. */
function demandAppid(appid: string | undefined): string {
  if (appid !== undefined) return appid;
  const message = 'appid: name the account whose calls to list, or a component and failed=true.';
  throw new Failure('invalid_request', 'fix-request', message);
}

/** Undefined: none among those of the key. Throws Failure `ambiguous_component`, `unknown_component`. */
async function accountWith(
  handle: string,
  { authorizers }: GatewayPlatform,
  { appid, component }: { readonly appid?: string | undefined; readonly component?: string | undefined },
  rights: KeyRights,
): Promise<{ readonly appid: string; readonly component: string } | undefined> {
  const accounts = (await authorizers.findByHandle(handle, component)).filter(
    (account) => mayUse(rights, account.appid) && (appid === undefined || appid === account.appid),
  );
  if (accounts.length > 1) {
    const message = `Accounts of several components have this handle; choose one with ?component= (one of ${accounts.map((one) => one.component).join(', ')}).`;
    throw new Failure('ambiguous_component', 'fix-request', message);
  }
  const [account] = accounts;
  return account && { appid: account.appid, component: account.component };
}

/** Whose failed calls are listed. Throws Failure `invalid_request`, `unknown_component`, and what `Authorizers.find` throws. */
async function componentOf(
  { authorizers, components }: GatewayPlatform,
  appid: string | undefined,
  component: string | undefined,
): Promise<string> {
  if (component === undefined) return (await authorizers.find(demandAppid(appid))).component;
  if (components.includes(component)) return component;
  throw new Failure('unknown_component', 'fix-request', 'This deployment has no such component.');
}

function mayUse({ accounts }: KeyRights, appid: string): boolean {
  return accounts.length === 0 || accounts.includes(appid);
}

/** `component`: as the request names it. */
async function answerOf(
  platform: GatewayPlatform,
  call: Call,
  component: string | undefined,
): Promise<z.input<typeof CallAnswer>> {
  return { ...callAnswer(call), handle: await handleOf(platform, call.appid, component) };
}

/** Null for the calls of a component, and while the account cannot be read. A call has just read its account under the same names, so it is in memory. */
async function handleOf(
  { authorizers }: GatewayPlatform,
  appid: string,
  component: string | undefined,
): Promise<string | null> {
  if (appid === component) return null;
  const account = await authorizers.find(appid, component).catch(() => undefined);
  return account?.handle ?? null;
}

type Named = Pick<z.input<typeof CallSummaryAnswer>, 'handle' | 'nickName'>;

/** Of the accounts of these calls; a component's own calls have none. */
async function namesOf(
  { accountNames }: GatewayPlatform,
  calls: readonly CallSummary[],
  response: Response,
): Promise<(call: CallSummary) => Named> {
  const nameOf = await accountNames.of(calls.filter(({ component, appid }) => appid !== component));
  const withNickNames = maySeeNickNames(response);
  return (call) => {
    const { handle, nickName } = nameOf(call);
    return { handle, nickName: withNickNames ? nickName : null };
  };
}

async function keyOf(
  { apiKeys }: GatewayPlatform,
  { keyId }: Call,
): Promise<{ id: string; name: string | null } | null> {
  if (keyId === null) return null;
  if (keyId === ENVIRONMENT_KEY) return { id: keyId, name: keyId };
  return { id: keyId, name: (await apiKeys.nameOf(keyId)) ?? null };
}

function idempotencyKeyOf(request: Request): string | undefined {
  return readQuery(IdempotencyHeaders, request.headers)['idempotency-key'];
}
