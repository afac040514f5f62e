import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment } from './support/deployment.ts';
import { Receiver } from './support/receiver.ts';
import { until } from './support/until.ts';

interface WeChatsCheck {
  readonly passed: boolean;
  readonly cases: readonly { readonly name: string; readonly passed: boolean; readonly reason: string | null }[];
}
interface Check {
  readonly id: string;
  readonly kind: string;
  readonly appid: string | null;
  readonly state: string;
  readonly steps: readonly { readonly name: string; readonly state: string; readonly code: string | null }[];
  readonly console?: readonly { readonly name: string; readonly value: string | null }[];
}

const GROUPS = [1, 2, 3, 4, 5];

let deployment: Deployment;
let receiver: Receiver;
beforeAll(async () => {
  receiver = await Receiver.open(() => 200);
  deployment = await Deployment.open({ env: { DELIVERY_NETS: '127.0.0.0/8' } });
});
afterAll(async () => {
  await deployment?.close();
  await receiver?.close();
});

const checks = async () => (await deployment.api<{ items: Check[] }>('GET', '/v1/release-checks')).body.items;
/** The check waits five seconds for an answer, as WeChat does. On a busy machine one may take longer; then it is repeated. */
const releaseCheck = (group: number) =>
  until('a check without late answers', async () => {
    const what = { group, sendTimeoutMs: 240_000 };
    const check = await deployment.wechat.control<WeChatsCheck>('POST', '/release-check', what);
    return !check.cases.some(({ reason }) => /^(?:no answer within|HTTP 503)/.test(reason ?? '')) && check;
  });
/** Of a step that a busy machine did not finish in time. */
const LATE = /too_slow|queue_backlog/;

/** The whole rehearsal; of its steps the failed and skipped ones. */
const rehearse = () =>
  until('a rehearsal without late steps', async () => {
    const rehearsed = await rehearseOnce();
    return !LATE.test(JSON.stringify(rehearsed.notOk)) && rehearsed;
  });

async function rehearseOnce() {
  const path = `/v1/components/${deployment.component.appid}/release-rehearsals`;
  const started = await deployment.api<Check>('POST', path, {});
  expect(started.status).toBe(202);
  const check = await until('the rehearsal ends', async () => {
    const { body } = await deployment.api<Check>('GET', started.headers.get('location')!);
    return body.state !== 'running' && body;
  });
  const others = check.steps
    .filter(({ state }) => state !== 'ok')
    .map(({ name, state, code }) => [name, code ?? state]);
  return { check, notOk: Object.fromEntries(others) as Record<string, string> };
}

describe('the release check of WeChat', () => {
  it('passes for all five pairs, right after gateway and worker have started', async () => {
    for (const group of GROUPS) {
      const { cases } = await releaseCheck(group);
      expect(cases.filter(({ passed }) => !passed)).toEqual([]);
      expect(cases).toHaveLength(9);
    }
  });

  it('is recorded step by step; its accounts are listed only where they are asked for', async () => {
    const all = await until('ten checks have passed', async () => {
      const passed = (await checks()).filter(({ state }) => state === 'passed');
      return new Set(passed.map(({ appid }) => appid)).size === 2 * GROUPS.length && passed;
    });
    expect(new Set(all.map(({ kind }) => kind))).toEqual(new Set(['real']));
    const names = new Set(
      all.map(({ steps }) =>
        steps
          .map(({ name }) => name)
          .toSorted()
          .join(' '),
      ),
    );
    expect(names).toEqual(new Set(['api_text authorized event text unauthorized', 'api_text authorized unauthorized']));
    const listed = async (query: string) =>
      (await deployment.api<{ items: { test: boolean }[] }>('GET', `/v1/authorizers${query}`)).body.items;
    expect(await listed('')).toEqual([]);
    expect((await listed('?test=true')).map(({ test }) => test)).toEqual(Array(10).fill(true));
  });

  it('reaches no subscription, not even one that matches everything and replies; only its end does', async () => {
    const input = { name: 'everything', url: receiver.url, reply: { waitMs: 4_000 } };
    expect((await deployment.api('POST', '/v1/subscriptions', input)).status).toBe(201);
    expect(await releaseCheck(1)).toMatchObject({ passed: true });
    const delivered = () => receiver.received.map(({ body }) => (JSON.parse(body) as { type: string }).type);
    await until('the ends of both checks are delivered', () => delivered().length >= 2);
    expect(new Set(delivered())).toEqual(new Set(['release_check.finished']));
    const journal = await deployment.api<{ items: { type: string }[] }>('GET', '/v1/pushes');
    const types = journal.body.items.map(({ type }) => type);
    expect(types).toContain('release_check.finished');
    expect(types.filter((type) => /^(?:message|event|authorizer)\./.test(type))).toEqual([]);
  });
});

describe('a rehearsal', () => {
  it('tries everything but the exchange, and shows what only the console has', async () => {
    const { check, notOk } = await rehearse();
    // The deployment of a story is on loopback.
    expect(notOk).toEqual({ address: 'not_public' });
    const token = check.console?.find(({ name }) => name === 'token');
    expect(token?.value).toBe(deployment.component.token);
    expect(await deployment.wechat.asked('POST /cgi-bin/component/api_create_preauthcode')).toBeGreaterThan(0);
  });

  it('is printed by the command line, which ends with 1 if a step failed', async () => {
    const port = new URL(deployment.gatewayUrl()).port;
    const printed = await until('a rehearsal without late steps', async () => {
      const command = deployment.command(['release-rehearsal'], { PORT: port });
      expect(await command.ended()).toBe(1);
      return !LATE.test(command.output) && command;
    });
    expect(printed.output).toMatch(/^ok {6}api_text /m);
    expect(printed.output).toMatch(/^failed {2}address +not_public /m);
    expect(printed.output).toContain(`/wechat/${deployment.component.appid}/messages/$APPID$`);
  });

  it('names an address that is not on the IP list', async () => {
    await deployment.wechat.control('POST', '/options', { ipList: ['192.0.2.1'] });
    expect((await rehearse()).notOk).toMatchObject({ ready: 'ip_not_listed' });
    await deployment.wechat.control('POST', '/options', { ipList: null });
  });

  it("names a Token that differs from WeChat's", async () => {
    const { appid: component, token } = deployment.component;
    await deployment.wechat.control('POST', '/rotate-key', { component, token: 'anotherToken' });
    await deployment.wechat.control('POST', '/tick', {});
    await until('the refusal is counted', async () => {
      const { body } = await deployment.api<{ components: { refusedPushes: unknown[] }[] }>('GET', '/v1/status');
      return body.components[0]!.refusedPushes.length > 0;
    });
    expect((await rehearse()).notOk).toMatchObject({ ticket: 'signature_refused' });
    await deployment.wechat.control('POST', '/rotate-key', { component, token });
  });

  it('names a stopped worker', async () => {
    await deployment.workers[0]!.shutDown();
    expect((await rehearse()).notOk).toMatchObject({ api_text: 'no_worker' });
  });
});
