import { afterAll, beforeAll, expect, test } from 'vitest';
import { keysOf } from '../packages/sdk/src/webhook/secrets.ts';
import { verifyWebhook } from '../packages/sdk/src/webhook/verify-webhook.ts';
import { Deployment } from './support/deployment.ts';
import { Receiver } from './support/receiver.ts';
import { until } from './support/until.ts';
import type { Robot } from './support/wechat.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const KINDS = ['wecom', 'dingtalk', 'feishu'] as const;
const NOT_READY = '不能工作';

interface Alarm {
  readonly id: string;
  readonly rule: string;
  readonly cause: { readonly zh: string };
  readonly processes: readonly { readonly host: string }[];
  readonly closedAt: string | null;
}

let receiver: Receiver;
let deployment: Deployment;
let redis: ReturnType<Deployment['redis']['client']>;

beforeAll(async () => {
  receiver = await Receiver.open(() => 204);
  deployment = await Deployment.open({ nodes: 3, alarmSpeed: 20 });
  redis = deployment.redis.client();
  redis.on('error', () => {});
  await deployment.ready();
});
afterAll(async () => {
  redis?.disconnect();
  await deployment?.close();
  await receiver?.close();
});

async function alarms(state: 'open' | 'closed', rule: string, node = 0): Promise<Alarm[]> {
  const { status, body } = await deployment.api<{ items: Alarm[] }>(
    'GET',
    `/v1/alarms?state=${state}`,
    undefined,
    node,
  );
  // Redis may be away.
  return status === 200 ? body.items.filter((alarm) => alarm.rule === rule) : [];
}

/** How often a robot's messages have this text. */
function count(robot: Robot | undefined, text: RegExp): number {
  return (robot?.messages ?? []).reduce((sum, message) => sum + [...message.text.matchAll(text)].length, 0);
}

const opened = /【严重】第三方平台 \S+ 不能工作/g;
const closed = /【恢复】第三方平台 \S+ 不能工作/g;

test('each channel can be tested, and shows the receiver’s own answer and the remedy', async () => {
  const channels = await deployment.api<{ items: { id: string; host: string }[] }>('GET', '/v1/alarm-channels');
  const host = new URL(deployment.wechat.url).host;
  expect(channels.body.items).toMatchObject(KINDS.map((kind) => ({ id: `${kind}-1`, kind, host, lastFailure: null })));
  for (const kind of KINDS) {
    const { body } = await deployment.api('POST', `/v1/alarm-channels/${kind}-1/test`);
    expect(body).toMatchObject({ sent: true, status: 200, remedy: null });
  }
  expect((await deployment.api('POST', '/v1/alarm-channels/wecom-2/test')).status).toBe(404);

  await deployment.wechat.control('POST', '/robot', { kind: 'dingtalk', id: 'group', secret: 'SECother' });
  const refused = await deployment.api('POST', '/v1/alarm-channels/dingtalk-1/test');
  expect(refused.body).toMatchObject({
    ...{ sent: false, status: 200, answer: '{"errcode":310000,"errmsg":"sign not match"}' },
    remedy: { zh: expect.stringContaining('加签'), en: expect.stringContaining('Signature') },
  });
  // The command needs neither Redis nor a running process.
  const command = deployment.command(['alarms', 'test'], { REDIS_URL: 'redis://127.0.0.1:1' });
  expect(await command.ended()).toBe(1);
  expect(command.output).toMatch(/wecom-1 .*: sent,/);
  expect(command.output).toMatch(/dingtalk-1 .*: not sent,/);
  expect(command.output).toContain('HTTP 200 {"errcode":310000,"errmsg":"sign not match"}');
  expect(command.output).not.toContain('SECdemo');
  expect(command.output).not.toContain('access_token');
  await deployment.wechat.control('POST', '/robot', { kind: 'dingtalk', id: 'group', secret: 'SECdemo' });
  expect(await deployment.command(['alarms', 'test', '--channel', 'dingtalk-1']).ended()).toBe(0);
});

test('a component that lost its ticket is reported once, names its cause, and its end follows; the death of the process that reported it changes nothing', async () => {
  await deployment.wechat.control('POST', '/ticket-service', { on: false });
  await deployment.wechat.control('POST', '/expire', { token: 'ticket' });
  await deployment.wechat.control('POST', '/expire', { token: 'component' });
  const component = deployment.component.appid;
  const asked = {
    ...{ method: 'POST', path: '/cgi-bin/component/api_get_authorizer_list', waitMs: 1 },
    body: { component_appid: component, offset: 0, count: 1 },
  };
  await until('the component is not ready', async () => {
    await deployment.api('POST', `/v1/components/${component}/calls`, asked);
    return !(await deployment.api<{ ready: boolean }>('GET', '/v1/status')).body.ready;
  });
  let alarm: Alarm | undefined;
  await until('the alarm is open', async () => {
    [alarm] = await alarms('open', 'component_not_ready');
    return alarm !== undefined;
  });
  expect(alarm?.cause.zh).toContain(`${component} ${NOT_READY}：无法获取 component_access_token`);
  const { keyspace } = redis;
  const outboxes = KINDS.map((kind) => keyspace.alarmOutbox(`${kind}-1`));
  await until('every robot has it, and no process is sending', async () => {
    const robots = await deployment.wechat.robots();
    return KINDS.every((kind) => count(robots[kind], opened) > 0) && (await redis.exists(...outboxes)) === 0;
  });
  await until('every node reports it', async () => {
    const [open] = await alarms('open', 'component_not_ready');
    return open === undefined || open.processes.length === 3;
  });

  const opener = await until('it is in a log', () => {
    const index = deployment.gateways.findIndex((node) =>
      node.lines().some(({ msg, id }) => msg === 'alarm opened' && id === alarm?.id),
    );
    return index >= 0 && index;
  });
  await deployment.gateways[opener]!.kill();
  const other = (opener + 1) % 3;
  await until('the dead process is no longer listed', async () => {
    const [open] = await alarms('open', 'component_not_ready', other);
    return open === undefined || open.processes.length <= 2;
  });
  await deployment.startNode(opener).says('gateway listening');

  await deployment.wechat.control('POST', '/ticket-service', { on: true });
  await deployment.wechat.control('POST', '/tick', { ticket: 'new' });
  await deployment.ready();
  await until('every robot has its end', async () => {
    const open = await alarms('open', 'component_not_ready');
    const [robots, ended] = await Promise.all([deployment.wechat.robots(), alarms('closed', 'component_not_ready')]);
    return open.length === 0 && ended.length > 0 && KINDS.every((kind) => count(robots[kind], closed) === ended.length);
  });
  // Whatever the load of the machine: one message for each opening, by one of three processes.
  const occurrences = await alarms('closed', 'component_not_ready');
  const robots = await deployment.wechat.robots();
  for (const kind of KINDS) {
    expect(count(robots[kind], opened)).toBe(occurrences.length);
    const about = robots[kind]!.messages.filter(({ text }) => text.includes(NOT_READY));
    // A page mentions everyone, its end no one.
    expect(about.find(({ text }) => text.includes('【严重】'))?.mentionsAll).toBe(true);
    expect(about.find(({ text }) => !text.includes('【严重'))?.mentionsAll).toBe(false);
  }
});

test('a wrong EncodingAESKey is named by an alarm, the doctor and the status, although the ticket is still valid', async () => {
  const { encodingAesKey } = deployment.component;
  await deployment.wechat.control('POST', '/rotate-key', { encodingAesKey: 'x'.repeat(43) });
  await deployment.wechat.control('POST', '/tick', { ticket: 'new' });
  const alarm = await until('the alarm is open', async () => (await alarms('open', 'pushes_refused'))[0]);
  expect(alarm.cause.zh).toContain('EncodingAESKey');
  await until('the doctor names it', async () => {
    const only = { only: ['ticket'] };
    const examined = await deployment.api<{ items: { code: string | null }[] }>('POST', '/v1/doctor', only);
    return examined.body.items[0]?.code === 'pushes_refused_decryption';
  });
  const { body } = await deployment.api<{ components: [{ refusedPushes: { reason: string }[] }] }>('GET', '/v1/status');
  expect(body.components[0].refusedPushes).toMatchObject([{ reason: 'decryption' }]);
  await deployment.wechat.control('POST', '/rotate-key', { encodingAesKey });
  await deployment.wechat.control('POST', '/tick', { ticket: 'new' });
  await until('the alarm is closed', async () => (await alarms('open', 'pushes_refused')).length === 0);
});

test('without Redis each process reports it once, and its end', async () => {
  const unreachable = /【严重】该进程无法访问 Redis/g;
  const reachable = /【恢复】该进程无法访问 Redis/g;
  await deployment.redis.kill();
  await until('every node has reported it', async () => {
    const { wecom } = await deployment.wechat.robots();
    const reports = (wecom?.messages ?? []).filter(({ text }) => text.includes('【严重】该进程无法访问 Redis'));
    return new Set(reports.map(({ text }) => /进程：(\S+)/.exec(text)?.[1])).size === 3;
  });
  await deployment.redis.restart();
  await until('every node has reported its end', async () => {
    const { wecom } = await deployment.wechat.robots();
    return count(wecom, reachable) >= 3 && count(wecom, reachable) === count(wecom, unreachable);
  });
});

test('no process writes a secret of a channel to its log', () => {
  for (const node of deployment.gateways) expect(node.output).not.toMatch(/SECdemo|access_token=|[?]key=|hook\/group/);
});

test('a webhook of the operator’s own receives each alarm signed, as a Standard Webhooks library verifies it', async () => {
  const command = deployment.command(['alarms', 'test'], { ALARM_WEBHOOKS: `${receiver.url}#${SECRET}` });
  expect(await command.ended()).toBe(0);
  const [received] = receiver.received;
  expect(await verifyWebhook(keysOf(SECRET), received!.headers, Buffer.from(received!.body))).toMatch(/^al_/);
  expect(JSON.parse(received!.body)).toMatchObject({ type: 'alarm.test', data: { rule: 'test', closedAt: null } });
  // Without DELIVERY_NETS a private address is refused, with the remedy.
  const denied = deployment.command(['alarms', 'test'], {
    ...{ ALARM_WEBHOOKS: `${receiver.url}#${SECRET}`, DELIVERY_NETS: '' },
  });
  expect(await denied.ended()).toBe(1);
  expect(denied.output).toContain('DELIVERY_NETS');
});
