import { openComponentApi, TransportFailure, type WeChatResponse } from '@wxthirdparty/wechat';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { untilDayLasts } from '../../test/until-day-lasts.ts';
import { Events } from '../events.ts';
import { Ledger } from '../quota/ledger.ts';
import type { Token } from '../token/token.ts';
import { componentCarrier } from './component-carrier.ts';

let server: TestRedis;
let ledger: Ledger;
beforeAll(async () => {
  server = await startRedis();
  ledger = new Ledger(server.redis);
});
afterAll(() => server.stop());
beforeEach(async () => {
  await untilDayLasts();
  await server.redis.flushall();
});

const unlimited = { dailyLimit: undefined, minuteLimit: undefined };
const path = '/cgi-bin/component/api_authorizer_token';
const pair = { component: 'wxc', appid: 'wxc', path };
const usage = () => ledger.usage(pair, unlimited);
const makeProbeDue = () => server.redis.hset(`wx:{wxc:wxc}:quota:${path}`, 'probeAt', '1');

/** A carrier with one token after the other, and what it did with them. */
function carrying(distrust: 'replaced' | 'kept' = 'replaced') {
  const sent: (string | undefined)[] = [];
  const accepted: string[] = [];
  const distrusted: string[] = [];
  let version = 1;
  const carrier = componentCarrier({
    events: new Events(),
    ledger,
    tokens: {
      ensure: async (owner): Promise<Token> => ({ owner, value: `T${version}`, version, trustedUntil: new Date() }),
      accepted: (token) => void accepted.push(token.value),
      distrust: async (token, at) => {
        distrusted.push(`${token.value} ${at}`);
        version++;
        return distrust;
      },
    },
  });
  const ask = (answer: number | Error | string, bySecret = false) =>
    carrier.carry({ component: 'wxc', path, bySecret }, async (token): Promise<WeChatResponse> => {
      sent.push(token);
      if (answer instanceof Error) throw answer;
      const body = typeof answer === 'string' ? answer : JSON.stringify({ errcode: answer });
      return { status: 200, headers: {}, body: Buffer.from(body) };
    });
  return { carrier, ask, sent, accepted, distrusted };
}

describe('the quota of the component', () => {
  it('counts each request, whatever WeChat answers', async () => {
    const { ask } = carrying();
    await ask(0);
    await ask(61003);
    await expect(ask(new TransportFailure('wechat_timeout', 'maybe', 'late'))).rejects.toThrow('late');
    expect(await usage()).toMatchObject({ used: 3, closedUntil: undefined });
  });

  it('is closed when WeChat closes it, and then nothing departs', async () => {
    const { ask, sent } = carrying();
    await ask(45009);
    await expect(ask(0)).rejects.toMatchObject({ code: 'quota_closed', remedy: 'slow-down' });
    expect(sent).toHaveLength(1);
    expect(await usage()).toMatchObject({ used: 1, closedUntil: expect.any(Date) });
  });

  it('does not stop a request with the secret, whose success reopens it', async () => {
    const { ask, sent } = carrying();
    await ask(45009, true);
    await ask(61004, true);
    expect(await usage()).toMatchObject({ used: 2, closedUntil: expect.any(Date) });
    await ask(0, true);
    expect((await usage()).closedUntil).toBeUndefined();
    expect(sent).toEqual([undefined, undefined, undefined]);
  });

  it('is reopened by a probe that succeeds', async () => {
    const { ask, sent } = carrying();
    await ask(45009);
    await makeProbeDue();
    await ask(0);
    await ask(0);
    expect(sent).toHaveLength(3);
  });

  it('lets one probe depart at a time', async () => {
    const { carrier, ask } = carrying();
    await ask(45009);
    await makeProbeDue();
    const probe = carrier.carry({ component: 'wxc', path, bySecret: false }, async () => {
      await expect(ask(0)).rejects.toMatchObject({ code: 'quota_closed' });
      return { status: 200, headers: {}, body: Buffer.from('{"errcode":0}') };
    });
    expect(await probe).toMatchObject({ errcode: 0 });
  });

  it.each([
    ['a refused token', '{"errcode":40001}'],
    ['−1', '{"errcode":-1}'],
    ['a page of HTML', '<html>busy</html>'],
    ['nothing', ''],
  ])('stays closed after a probe that is answered by %s, with one request', async (_, body) => {
    const { carrier, ask } = carrying();
    await ask(45009);
    await makeProbeDue();
    let requests = 0;
    const send = async (): Promise<WeChatResponse> => {
      requests++;
      return { status: 200, headers: {}, body: Buffer.from(body) };
    };
    const api = openComponentApi({
      transport: { send, close: async () => {} },
      apiBase: 'http://wechat',
      carrier,
    });
    const fetch = () => api.fetchAuthorizerToken({ appid: 'wxc', authorizer: 'wxa', refreshToken: 'R' });
    await expect(fetch()).rejects.toThrow();
    await expect(fetch()).rejects.toMatchObject({ code: 'quota_closed' });
    expect([requests, (await usage()).closedUntil]).toEqual([1, expect.any(Date)]);
  });
});

describe('the token of the component', () => {
  it('is used for each request, and counts as accepted if WeChat accepts it', async () => {
    const { ask, sent, accepted, distrusted } = carrying();
    await ask(0);
    await ask(61003);
    expect({ sent, accepted, distrusted }).toEqual({ sent: ['T1', 'T1'], accepted: ['T1'], distrusted: [] });
  });

  it('is distrusted when WeChat refuses it, and the request is sent once more with the next one', async () => {
    const { ask, sent, distrusted } = carrying();
    expect(await ask(40001)).toMatchObject({ errcode: 40001 });
    expect({ sent, distrusted }).toEqual({ sent: ['T1', 'T2'], distrusted: [`T1 ${path}`, `T2 ${path}`] });
  });

  it('is not replaced if the endpoint is at fault', async () => {
    const { ask, sent } = carrying('kept');
    expect(await ask(40001)).toMatchObject({ errcode: 40001 });
    expect(sent).toEqual(['T1']);
  });
});
