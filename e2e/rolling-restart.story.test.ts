import { afterAll, beforeAll, expect, it } from 'vitest';
import { Balancer } from './support/balancer.ts';
import { type CallBody, Deployment, SERVICE_ACCOUNT } from './support/deployment.ts';
import { arrivals, Pushing, settledCall } from './support/load.ts';
import { connectionsTo } from './support/redis-connections.ts';
import { until } from './support/until.ts';

/** Many times as long as the balancer needs to notice that a node is shutting down, even on a busy machine. */
const DRAIN_MS = 5_000;
/** Of one node, to one server. */
const MAX_CONNECTIONS = 24;

let balancer: Balancer;
let deployment: Deployment;
beforeAll(async () => {
  balancer = await Balancer.open();
  deployment = await Deployment.open({ nodes: 2, pushTo: balancer.url, env: { DRAIN_MS: String(DRAIN_MS) } });
  balancer.balance([deployment.gatewayUrl(0), deployment.gatewayUrl(1)]);
  await until('both nodes get requests', () => balancer.ready === 2);
  await deployment.authorized();
  // WeChat delivers a push once, so that a refused one is noticed.
  await deployment.wechat.control('POST', '/options', { deliveries: 1 });
});
afterAll(async () => {
  await balancer?.close();
  await deployment?.close();
});

it('two nodes behind a balancer are restarted one after the other: no request fails', async () => {
  const programs = await Programs.start(4);
  const pushing = new Pushing(deployment, 2);
  await until('calls and pushes flow', () => programs.answers.length > 60 && pushing.msgIds.length > 20);

  const redis = deployment.redis.client();
  const connections = await connectionsTo({ call: (command, ...args) => redis.call(command, ...args) });
  redis.disconnect();
  expect(connections).toBeLessThanOrEqual(2 * MAX_CONNECTIONS);

  for (const index of [0, 1]) {
    expect(await deployment.gateways[index]!.shutDown()).toBe(0);
    await until('the balancer has noticed it', () => balancer.ready === 1);
    await deployment.startNode(index).says('gateway listening');
    await until('the new node gets requests', () => balancer.ready === 2);
    const answered = programs.answers.length;
    await until('requests go on', () => programs.answers.length > answered + 20);
  }
  await Promise.all([programs.stop(), pushing.stop()]);

  expect(programs.answers.filter(({ ok }) => !ok)).toEqual([]);
  const { deliveries } = await deployment.wechat.control<{ deliveries: Record<string, unknown>[] }>(
    'GET',
    '/deliveries?limit=20000',
  );
  const pushes = deliveries.filter(({ what }) => what === 'text');
  expect(pushes.filter(({ status, body }) => status !== 200 || body !== 'success')).toEqual([]);
  expect(new Set(pushes.map(({ msgId }) => msgId))).toEqual(new Set(pushing.msgIds));

  // Every call that was accepted with an id completes, and no message arrives twice.
  for (const id of programs.accepted) expect(await settledCall(deployment, id)).toMatchObject({ state: 'completed' });
  const arrived = await arrivals(deployment);
  for (const content of programs.sent) expect(arrived.get(content), content).toBe(1);
});

/** Business programs behind the balancer: over /v1 and with an SDK's token, waiting and in the background. */
class Programs {
  readonly answers: { readonly ok: boolean; readonly status: number; readonly text: string }[] = [];
  readonly accepted: string[] = [];
  readonly sent: string[] = [];
  readonly #programs: Promise<void>[];
  #stopped = false;

  private constructor(token: string, openid: string, count: number) {
    this.#programs = Array.from({ length: count }, (_, program) => this.#run(program, token, openid));
  }

  static async start(count: number): Promise<Programs> {
    const { openids } = await deployment.wechat.control<{ openids: string[] }>(
      'GET',
      `/followers?appid=${SERVICE_ACCOUNT}`,
    );
    const query = `grant_type=client_credential&appid=${SERVICE_ACCOUNT}&secret=${deployment.apiKey}`;
    const answer = await fetch(`${balancer.url}/cgi-bin/token?${query}`);
    const { access_token: token } = (await answer.json()) as { access_token: string };
    return new Programs(token, openids[0]!, count);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#programs);
  }

  async #run(program: number, token: string, openid: string): Promise<void> {
    for (let round = 0; !this.#stopped; round++) {
      const content = `${program}-${round}`;
      const message = { touser: openid, msgtype: 'text', text: { content } };
      if (round % 2 === 0) {
        await this.#ask(`/cgi-bin/message/custom/send?access_token=${token}`, message, ({ errcode }) => errcode === 0);
      } else {
        const call = { method: 'POST', path: '/cgi-bin/message/custom/send', body: message };
        const waitMs = round % 4 === 1 ? 0 : 30_000;
        await this.#ask(`/v1/authorizers/${SERVICE_ACCOUNT}/calls`, { ...call, waitMs }, ({ id, state }) => {
          if (typeof id === 'string') this.accepted.push(id);
          return state !== 'failed';
        });
      }
      this.sent.push(content);
    }
  }

  async #ask(path: string, body: unknown, good: (answer: Partial<CallBody> & { errcode?: number }) => boolean) {
    try {
      const response = await fetch(balancer.url + path, {
        method: 'POST',
        headers: { authorization: `Bearer ${deployment.apiKey}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      const text = await response.text();
      const ok = response.status < 300 && good(JSON.parse(text));
      this.answers.push({ ok, status: response.status, text });
    } catch (error) {
      this.answers.push({ ok: false, status: 0, text: String(error) });
    }
  }
}
