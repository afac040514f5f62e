import { type CallBody, type Deployment, SERVICE_ACCOUNT } from '../support/deployment.ts';
import { follower, SEND_MESSAGE } from '../support/tally.ts';
import { until } from '../support/until.ts';

/** It refuses connections. */
const DOWN = 'http://127.0.0.1:1/';
/** So many that a subscription counts as failing. */
const PUSHES = 10;

interface Subscription {
  readonly id: string;
  readonly state: string;
}

/** A subscription whose endpoint is down. */
export async function addSubscription(deployment: Deployment): Promise<void> {
  const subscription = { name: '旧报表系统', url: DOWN, filter: { types: ['message.text'] } };
  const { status } = await deployment.api('POST', '/v1/subscriptions', subscription);
  if (status !== 201) throw new Error(`no subscription was created: ${status}`);
}

/** Calls that were refused, that have an unknown outcome and that were sent twice, and pushes that cannot be delivered. */
export async function addCallsAndPushes(deployment: Deployment): Promise<void> {
  const openid = await follower(deployment);
  const send = async (content: string, fault: object) => {
    await deployment.wechat.control('POST', '/fail', { path: SEND_MESSAGE, ...fault });
    const body = { touser: openid, msgtype: 'text', text: { content } };
    await deployment.call(SERVICE_ACCOUNT, { method: 'POST', path: SEND_MESSAGE, body });
  };
  await send('too late', { how: 'errcode', errcode: 45_015 });
  await send('lost', { how: 'reset', at: 'after' });
  await send('sent again', { how: 'errcode', errcode: 40_001 });
  for (let i = 0; i < PUSHES; i++) {
    const fields = { MsgType: 'text', Content: `text ${i}` };
    await deployment.wechat.control('POST', '/push', { url: 'messages', appid: SERVICE_ACCOUNT, fields });
  }
  await until('the endpoint counts as failing', async () => {
    return (await onlySubscription(deployment)).state === 'failing';
  });
  await until('the failed calls are listed', async () => (await failedCalls(deployment)).length >= 2);
}

/** The page of the newest failed call that these filters find. */
export async function pathOfCall(deployment: Deployment, filters: string): Promise<string> {
  const [call] = await failedCalls(deployment, filters);
  return `/calls/${call?.id}`;
}

export async function pathOfSubscription(deployment: Deployment): Promise<string> {
  return `/pushes/subscriptions/${(await onlySubscription(deployment)).id}`;
}

export async function pathOfDelivery(deployment: Deployment): Promise<string> {
  const { subscription, push } = await deliveryThatFailed(deployment);
  return `/pushes/subscriptions/${subscription}/deliveries/${push}`;
}

export async function pathOfPush(deployment: Deployment): Promise<string> {
  return `/pushes/${(await deliveryThatFailed(deployment)).push}`;
}

async function onlySubscription(deployment: Deployment): Promise<Subscription> {
  return (await deployment.api<{ items: Subscription[] }>('GET', '/v1/subscriptions')).body.items[0]!;
}

async function failedCalls(deployment: Deployment, filters = ''): Promise<readonly CallBody[]> {
  const path = `/v1/calls?component=${deployment.component.appid}&failed=true&${filters}`;
  return (await deployment.api<{ items: CallBody[] }>('GET', path)).body.items;
}

async function deliveryThatFailed(deployment: Deployment) {
  const path = `/v1/deliveries?appid=${SERVICE_ACCOUNT}&state=pending`;
  type Delivery = { readonly subscription: string; readonly push: string; readonly attemptCount: number };
  const { items } = (await deployment.api<{ items: Delivery[] }>('GET', path)).body;
  return items.find(({ attemptCount }) => attemptCount > 0)!;
}
