import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Bot, installBot } from '../packages/sdk/test/bot.ts';
import { Deployment, SERVICE_ACCOUNT } from './support/deployment.ts';
import { freePort } from './support/free-port.ts';

interface Created {
  readonly id: string;
  readonly secret: string;
}
interface Pushed {
  readonly deliveries: readonly { readonly reply: Record<string, unknown> | null; readonly complaint: string | null }[];
}

let deployment: Deployment;
let bot: Bot;
let subscription: Created;

beforeAll(async () => {
  [deployment, bot] = await Promise.all([Deployment.open({ nodes: 1 }), installBot()]);
  await deployment.authorized();
  const port = await freePort();
  // The request of examples/README.md.
  const input = { name: 'bot', url: `http://127.0.0.1:${port}/`, reply: {} };
  const { status, body } = await deployment.api<Created>('POST', '/v1/subscriptions', input);
  expect(status).toBe(201);
  subscription = body;
  await bot.start({ WX_SECRET: subscription.secret, PORT: String(port) });
});
afterAll(() => Promise.all([deployment?.close(), bot?.remove()]));

async function say(fields: Record<string, string>): Promise<Pushed['deliveries'][number]> {
  const push = { url: 'messages', appid: SERVICE_ACCOUNT, fields };
  const { deliveries } = await deployment.wechat.control<Pushed>('POST', '/push', push);
  return deliveries.at(-1)!;
}

it('a user who writes gets the answer of the bot at once, and a new follower its welcome', async () => {
  // A gateway knows of the subscription a moment after its creation.
  await expect
    .poll(() => say({ MsgType: 'text', Content: '你好' }))
    .toMatchObject({ reply: { MsgType: 'text', Content: '你说：你好' }, complaint: null });
  // Again, if a busy machine needs longer than WeChat waits.
  await expect
    .poll(() => say({ MsgType: 'event', Event: 'subscribe' }))
    .toMatchObject({ reply: { MsgType: 'text', Content: expect.stringContaining('谢谢关注') }, complaint: null });
  const path = '/v1/pushes?type=event.subscribe';
  await expect
    .poll(
      async () => (await deployment.api<{ items: { deliveries: unknown[] }[] }>('GET', path)).body.items[0]?.deliveries,
    )
    .toMatchObject([{ subscription: subscription.id, state: 'delivered', replyState: 'passive' }]);
});

it('a user who was answered at once gets no second reply, also after Redis has dropped the record of the first', async () => {
  const { body } = await deployment.api<{ items: { id: string }[] }>('GET', '/v1/pushes?type=event.subscribe');
  // A record is kept for two minutes.
  await say({ MsgType: 'text', Content: 'now' });
  const redis = deployment.redis.client();
  const records = await redis.keys('*{pushes}:reply:*');
  expect(records).not.toEqual([]);
  await redis.del(records);
  redis.disconnect();
  const again = await deployment.api('POST', `/v1/pushes/${body.items[0]!.id}/reply`, {
    type: 'text',
    content: 'again',
  });
  expect(again).toMatchObject({ status: 409, body: { code: 'reply_not_possible', reason: 'already_replied' } });
});

it('the test of the subscription shows the answer of the bot, and verify-delivery accepts what it sent', async () => {
  const path = `/v1/subscriptions/${subscription.id}/test`;
  const { body } = await deployment.api('POST', path, { type: 'message.text', appid: null });
  expect(body).toMatchObject({ response: { status: 200 }, reply: { type: 'text' }, problem: null });
  const saved = join(deployment.dir, 'request.json');
  await writeFile(saved, JSON.stringify(body));
  const verified = deployment.command(['verify-delivery', saved], { WX_SECRET: subscription.secret });
  await verified.says('The delivery is genuine.');
  const other = deployment.command(['verify-delivery', saved], { WX_SECRET: `whsec_${'A'.repeat(43)}=` });
  await other.says('Either the secret is not the one of this subscription');
});
