import { afterAll, beforeAll, expect, it } from 'vitest';
import { Deployment, SERVICE_ACCOUNT } from './support/deployment.ts';
import { freePort } from './support/free-port.ts';
import { Front } from './support/front.ts';
import { isAccepted } from './support/load.ts';
import { follower, SEND_MESSAGE, tally } from './support/tally.ts';
import { until } from './support/until.ts';

let deployment: Deployment;
let front: Front;
let openid: string;
beforeAll(async () => {
  front = await Front.open();
  deployment = await Deployment.open({ workers: 1 });
  front.leadTo(deployment.wechat.url);
  front.comeFrom('127.0.0.2');
  await deployment.authorized();
  openid = await follower(deployment);
});
afterAll(async () => {
  await deployment.close();
  await front.shut();
});

it('one of two workers has an address that WeChat refuses: no caller is affected, and that worker reports it', async () => {
  const port = await freePort();
  await deployment.startWorker({ WECHAT_API_BASE: front.url, PORT: String(port) }).says('worker ready');
  await deployment.wechat.control('POST', '/options', { ipList: ['127.0.0.1'] });
  const isDegraded = async () => {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`);
    return ((await response.json()) as { degraded: string[] }).degraded.includes('wechat');
  };

  const contents: string[] = [];
  const send = async (content: string, waitMs?: number) => {
    contents.push(content);
    const body = { touser: openid, msgtype: 'text', text: { content } };
    return deployment.call(SERVICE_ACCOUNT, {
      method: 'POST',
      path: SEND_MESSAGE,
      body,
      ...(waitMs === undefined ? {} : { waitMs }),
    });
  };
  const answers: unknown[] = [];
  await until('the worker has been refused', async () => {
    const round = contents.length;
    const called = await Promise.all(Array.from({ length: 6 }, (_, i) => send(`message ${round + i}`)));
    answers.push(...called.map(({ body }) => body.response?.body));
    return (await isDegraded()) && (await tally(deployment)).answered(SEND_MESSAGE, 61004) > 0;
  });

  const later = await Promise.all(Array.from({ length: 20 }, (_, i) => send(`later ${i}`)));
  answers.push(...later.map(({ body }) => body.response?.body));
  expect(answers).toEqual(answers.map(() => expect.objectContaining({ errcode: 0 })));
  const queued = await Promise.all(Array.from({ length: 20 }, (_, i) => send(`queued ${i}`, 0)));
  expect(queued.filter(({ status }) => !isAccepted(status))).toEqual([]);
  const counts = async () => {
    const times = await deployment.wechat.messageCounts();
    return contents.map((content) => times.get(content) ?? 0);
  };
  await until('what was queued has arrived', async () => (await counts()).every((count) => count > 0));
  expect(await counts()).toEqual(contents.map(() => 1));
});
