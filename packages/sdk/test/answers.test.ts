import { describe, expect, it } from 'vitest';
import {
  AnswerNotKeptError,
  bytesOf,
  CallFailedError,
  OutcomeUnknownError,
  StillRunningError,
  WeChatError,
} from '../src/index.ts';
import { callRecord, json, stub } from './gateway-stub.ts';

const running = callRecord({ state: 'running', settledAt: null, response: null });

function answer(body: unknown): object {
  return callRecord({ response: { status: 200, headers: {}, body } });
}

describe('an answer of WeChat’s', () => {
  it('is the result of the call', async () => {
    const { client } = await stub([json(answer({ total: 1, count: 1, data: { openid: ['o1'] }, next_openid: 'o1' }))]);
    const { data } = await client.authorizer('wxa').call('GET /cgi-bin/user/get');
    expect(data?.openid).toEqual(['o1']);
  });

  it.each([
    [45015, 'response out of time limit rid: 6b03-5ca'],
    [-1, 'system error'],
    [48001, 'api unauthorized'],
  ])('with errcode %i is an error', async (errcode, errmsg) => {
    const { client } = await stub([json(answer({ errcode, errmsg }))]);
    const refused = await client
      .authorizer('wxa')
      .call('GET /cgi-bin/user/get')
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(WeChatError);
    expect(refused).toMatchObject({ errcode, errmsg, code: 'wechat_refused', call: { id: 'call-1' } });
    expect((refused as WeChatError).rid).toBe(errcode === 45015 ? '6b03-5ca' : undefined);
  });

  it('has the remedy “retry” where WeChat is busy, and “fix-request” for an unknown errcode', async () => {
    const remedyOf = async (errcode: number) => {
      const { client } = await stub([json(answer({ errcode, errmsg: 'no' }))]);
      return client
        .authorizer('wxa')
        .call('GET /cgi-bin/user/get')
        .catch((error: WeChatError) => error.remedy);
    };
    expect(await Promise.all([-1, 45009, 61003, 123_456].map(remedyOf))).toEqual([
      'retry',
      'slow-down',
      'reauthorize',
      'fix-request',
    ]);
  });

  it('is a file where WeChat sends one', async () => {
    const { client } = await stub([json(answer({ base64: '/9h7', contentType: 'image/jpeg' }))]);
    const file = await client.authorizer('wxa').call('POST /wxa/getwxacode', { path: 'index' });
    expect([...bytesOf(file)]).toEqual([0xff, 0xd8, 0x7b]);
  });
});

describe('a call without an answer', () => {
  it('is an error with the gateway’s code and remedy', async () => {
    const failure = { code: 'deadline_passed', remedy: 'retry', message: 'too late', errcode: null, rid: null };
    const { client } = await stub([json(callRecord({ state: 'failed', response: null, failure }))]);
    const failed = await client
      .authorizer('wxa')
      .call('GET /cgi-bin/user/get')
      .catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(CallFailedError);
    expect(failed).toMatchObject({ code: 'deadline_passed', remedy: 'retry', call: { id: 'call-1' } });
  });

  it('that may have been carried out has a class of its own', async () => {
    const failure = { code: 'outcome_unknown', remedy: 'operator', message: 'm', errcode: null, rid: null };
    const { client } = await stub([json(callRecord({ state: 'failed', response: null, failure }))]);
    await expect(client.authorizer('wxa').call('GET /cgi-bin/user/get')).rejects.toBeInstanceOf(OutcomeUnknownError);
  });

  it('whose answer is no longer kept has a class of its own, since WeChat did answer', async () => {
    const { client } = await stub([json(callRecord({ response: null, responseKept: false }))]);
    const failed = await client.waitFor('call-1').catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(AnswerNotKeptError);
    expect(failed).toMatchObject({ code: 'answer_not_kept', remedy: 'operator', call: { id: 'call-1' } });
  });

  it('that was cancelled has the code “cancelled”', async () => {
    const { client } = await stub([json(callRecord({ state: 'cancelled', response: null }))]);
    await expect(client.waitFor('call-1')).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('waiting', () => {
  it('continues where the gateway stopped', async () => {
    const { client, asked } = await stub([json(running, 202), json(running), json(answer({ errcode: 0 }))]);
    expect(await client.authorizer('wxa').call('GET /cgi-bin/user/get')).toEqual({ errcode: 0 });
    expect(asked).toEqual(['POST /v1/authorizers/wxa/calls', 'GET /v1/calls/call-1', 'GET /v1/calls/call-1']);
  });

  it('is separate from submit', async () => {
    const { client, bodies } = await stub([json(running, 202), json(callRecord())]);
    const call = await client.authorizer('wxa').submit('GET /cgi-bin/user/get', { next_openid: 'o9' });
    expect(JSON.parse(bodies[0]!)).toMatchObject({ waitMs: 0, query: { next_openid: 'o9' } });
    expect(await client.waitFor(call)).toEqual({ errcode: 0, errmsg: 'ok' });
  });

  it('ends in time, and with the signal', async () => {
    const { client } = await stub([json(running)]);
    await expect(client.waitFor('call-1', { timeoutMs: 30 })).rejects.toBeInstanceOf(StillRunningError);
    await expect(client.waitFor('call-1', { signal: AbortSignal.timeout(30) })).rejects.toMatchObject({
      name: 'TimeoutError',
    });
  });
});

describe('a list', () => {
  it('is one sequence, however it is paged', async () => {
    const page = (items: number[], next: string | null) =>
      json({ items: items.map((it) => ({ openid: `o${it}` })), next });
    const { client, asked } = await stub([page([1, 2], 'c2'), page([], 'c3'), page([3], null)]);
    const openids: string[] = [];
    for await (const { openid } of client.authorizer('wxa').followers({ subscribed: 'true', limit: 2 }))
      openids.push(openid);
    expect(openids).toEqual(['o1', 'o2', 'o3']);
    expect(asked[1]).toBe('GET /v1/authorizers/wxa/followers?subscribed=true&limit=2&cursor=c2');
  });

  it('requests no page that is not read', async () => {
    const { client, asked } = await stub([json({ items: [{ appid: 'wxa' }], next: 'c2' })]);
    for await (const { appid } of client.authorizers({ state: 'active' })) {
      expect(appid).toBe('wxa');
      break;
    }
    expect(asked).toEqual(['GET /v1/authorizers?state=active']);
  });
});

describe('any request of the gateway’s', () => {
  it('can be made by its name in the description', async () => {
    const { client, asked } = await stub([json({ total: 3, subscribed: 2, unsubscribed: 1 })]);
    const counts = await client.request('GET /v1/authorizers/:appid/followers/counts', { path: { appid: 'wx a' } });
    expect(counts.subscribed).toBe(2);
    expect(asked).toEqual(['GET /v1/authorizers/wx%20a/followers/counts']);
  });

  it('returns undefined for an empty answer, and text for an answer that is not JSON', async () => {
    const nothing = await stub([(_request, response) => response.writeHead(204).end()]);
    const path = { appid: 'wxa' };
    expect(
      await nothing.client.request('DELETE /v1/authorizers/:appid/follower-sync-schedule', { path }),
    ).toBeUndefined();
    const csv = await stub([
      (_request, response) => response.writeHead(200, { 'content-type': 'text/csv' }).end('openid\n'),
    ]);
    expect(await csv.client.request('GET /v1/authorizers/:appid/followers.csv', { path })).toBe('openid\n');
  });
});
