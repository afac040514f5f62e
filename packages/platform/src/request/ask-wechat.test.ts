import { endpointOf, Failure, readAnswer, TransportFailure } from '@wxthirdparty/wechat';
import { expect, it } from 'vitest';
import { type EventPayloads, Events } from '../events.ts';
import type { Ledger } from '../quota/ledger.ts';
import type { Token } from '../token/token.ts';
import { type AskParts, askWechat, type Permit, type Question } from './ask-wechat.ts';

const path = '/cgi-bin/user/info';
const owner = { kind: 'authorizer', component: 'wxc', appid: 'wxa' } as const;
const token: Token = { owner, value: 'TOKEN', version: 7, trustedUntil: new Date() };
const permit: Permit = { go: 'yes', departedAt: 1, probe: false };

/** One question to a WeChat that answers this, and the steps that were taken, in order. */
function asking(body: string | Error, change: Partial<Question<Permit>> = {}, status = 200) {
  const steps: string[] = [];
  const question: Question<Permit> = {
    pair: { component: 'wxc', appid: 'wxa', path },
    endpoint: endpointOf('GET', path),
    token: async () => {
      steps.push('token');
      return token;
    },
    permit: async () => {
      steps.push('permit');
      return permit;
    },
    send: async (value) => {
      steps.push(`send ${value}`);
      if (body instanceof Error) throw body;
      return { status, headers: {}, body: Buffer.from(body), host: 'api.test' };
    },
    read: (response) => readAnswer(response),
    received: ({ kind }) => void steps.push(`received: ${kind}`),
    ...change,
  };
  const events = new Events();
  const published: EventPayloads['wechat'][] = [];
  events.subscribe('wechat', (event) => published.push(event));
  const parts: AskParts = {
    events,
    tokens: {
      accepted: ({ version }, use) => void steps.push(`accepted ${version} at ${use.path}`),
      distrust: async ({ version }, at) => {
        steps.push(`distrusted ${version} at ${at}`);
        return 'replaced';
      },
    },
    ledger: {
      conclude: async (...[, , errcode]: Parameters<Ledger['conclude']>) => {
        steps.push(`concluded ${errcode}`);
        return 'none';
      },
    },
  };
  return { steps, published, ask: () => askWechat(question, parts) };
}

it('gets the token first, takes quota right before it sends, and then draws the consequences of the answer', async () => {
  const { steps, ask } = asking('{"errcode":0}');
  expect(await ask()).toMatchObject({ kind: 'answered', answer: { errcode: 0 }, permit, evidence: 'none' });
  expect(steps).toEqual([
    'token',
    'permit',
    'send TOKEN',
    'received: answered',
    'concluded 0',
    `accepted 7 at ${path}`,
  ]);
});

it('distrusts a token that WeChat refuses', async () => {
  const { steps, ask } = asking('{"errcode":40001}');
  expect(await ask()).toMatchObject({ kind: 'answered', refusedToken: 'replaced' });
  expect(steps.slice(-2)).toEqual(['concluded 40001', `distrusted 7 at ${path}`]);
});

it.each([
  ['another refusal', '{"errcode":48001}', {}],
  ['the refusal of a user’s own token', '{"errcode":40001}', { token: async () => undefined }],
  [
    'the refusal of a component’s token where the API requires an account’s',
    '{"errcode":40001}',
    { token: async () => ({ ...token, owner: { ...owner, kind: 'component' as const, appid: 'wxc' } }) },
  ],
])('blames no token for %s', async (_, body, change) => {
  const { steps, ask } = asking(body, change);
  expect(await ask()).toMatchObject({ kind: 'answered', refusedToken: undefined });
  expect(steps.filter((step) => /accepted|distrusted/.test(step))).toEqual([]);
});

it('takes no quota without a token', async () => {
  const failure = new Failure('token_not_ready', 'retry', 'none yet');
  const { steps, ask } = asking('', { token: () => Promise.reject(failure) });
  expect(await ask()).toEqual({ kind: 'no-token', failure });
  expect(steps).toEqual([]);
});

it('distinguishes a shutdown from a missing token', async () => {
  const signal = AbortSignal.abort();
  const { ask } = asking('', { signal, token: () => Promise.reject(signal.reason) });
  expect(await ask()).toEqual({ kind: 'aborted' });
});

it('sends nothing without a permit', async () => {
  const decision = { go: 'closed', inMs: 5 };
  const { steps, ask } = asking('', { permit: async () => decision as never });
  expect(await ask()).toEqual({ kind: 'not-permitted', decision });
  expect(steps).toEqual(['token']);
});

it('concludes nothing from a missing answer', async () => {
  const failure = new TransportFailure('wechat_timeout', 'maybe', 'late');
  const { steps, ask } = asking(failure);
  expect(await ask()).toEqual({ kind: 'unanswered', failure, permit });
  expect(steps).toEqual(['token', 'permit', 'send TOKEN', 'received: unanswered']);
});

it('passes on what stops the request right before it is sent', async () => {
  const { ask } = asking(new Error('the lease has ended'));
  await expect(ask()).rejects.toThrow('the lease has ended');
});

it.each([
  ['{"errcode":0}', 200, { result: 'ok', errcode: 0 }],
  ['{"errcode":45009}', 200, { result: 'errcode', errcode: 45009 }],
  ['', 200, { result: 'unreadable', errcode: undefined }],
  ['<html>', 200, { result: 'unreadable', errcode: undefined }],
  ['<html>', 502, { result: 'http_5xx', errcode: undefined }],
  [new TransportFailure('wechat_timeout', 'maybe', 'late', { host: 'api.test' }), 0, { result: 'timeout' }],
  [new TransportFailure('wechat_unreachable', 'no', 'no', { host: 'api.test' }), 0, { result: 'reset' }],
])('publishes the request once: %s %i', async (body, status, expected) => {
  const { ask, published } = asking(body, {}, status);
  await ask();
  expect(published).toEqual([
    { component: 'wxc', host: 'api.test', path, ms: expect.any(Number), errcode: undefined, ...expected },
  ]);
});

it('publishes nothing of a request that was never sent', async () => {
  const failure = new TransportFailure('wechat_timeout', 'no', 'the caller aborted the request');
  const { ask, published } = asking(failure);
  await ask();
  expect(published).toEqual([]);
});
