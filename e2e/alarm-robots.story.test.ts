import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AlarmReport } from '../packages/platform/src/alarm/alarm.ts';
import { AlarmSender } from '../packages/platform/src/alarm/alarm-sender.ts';
import { AlarmStore } from '../packages/platform/src/alarm/alarm-store.ts';
import { type AlarmTimes, alarmTimes } from '../packages/platform/src/alarm/alarm-times.ts';
import type { AlarmChannel } from '../packages/platform/src/alarm/channel.ts';
import { ChannelSender } from '../packages/platform/src/alarm/channel-sender.ts';
import { Outbox } from '../packages/platform/src/alarm/outbox.ts';
import { readAlarmWebhooks } from '../packages/platform/src/alarm/read-alarm-webhooks.ts';
import { Events } from '../packages/platform/src/events.ts';
import { startRedis, type TestRedis } from '../packages/platform/test/redis-server.ts';
import { startSimulator } from '../packages/simulator/src/index.ts';
import { until } from './support/until.ts';

type Simulator = Awaited<ReturnType<typeof startSimulator>>;
interface Robot {
  readonly kind: string;
  readonly id: string;
  readonly messages: readonly { readonly text: string }[];
  readonly refused: readonly { readonly answer: { readonly errcode?: number } }[];
}

let server: TestRedis;
let simulator: Simulator;
beforeAll(async () => {
  [server, simulator] = await Promise.all([startRedis(), startSimulator({ components: [], accounts: [] })]);
});
afterAll(() => Promise.all([server.stop(), simulator.close()]));
beforeEach(() => server.redis.flushall());

/** Messages are sent as soon as there is something to send. */
const TIMES: AlarmTimes = { ...alarmTimes(), groupMs: 20 };
const PATHS = {
  wecom: (id: string) => `/cgi-bin/webhook/send?key=${id}`,
  dingtalk: (id: string) => `/robot/send?access_token=${id}#SECdemo`,
  feishu: (id: string) => `/open-apis/bot/v2/hook/${id}#SECdemo`,
};

/** Robots of a group that no other test uses. */
function channelsOf(id: string): readonly AlarmChannel[] {
  const urls = Object.entries(PATHS).map(([kind, path]) => `${kind}+${simulator.url}/_robots/${kind}${path(id)}`);
  const read = readAlarmWebhooks(urls.join());
  if ('faults' in read) throw new Error(read.faults.join());
  return read.channels;
}

/** One process. */
function open(channels: readonly AlarmChannel[], id = 'p1') {
  const events = new Events();
  const unsent: unknown[] = [];
  events.subscribe('alarm', (event) => unsent.push(event));
  const sender = new ChannelSender({ name: 'wxthirdparty', deliveryNets: [] });
  const outbox = new Outbox(server.redis, TIMES);
  const alarmSender = new AlarmSender({ channels, sender, outbox, times: TIMES, events });
  const store = new AlarmStore(
    server.redis,
    TIMES,
    channels.map(({ id }) => id),
  );
  return {
    ...{ outbox, unsent, alarmSender },
    report: (...reports: AlarmReport[]) => store.report(reports, { id, host: `host of ${id}` }),
    async [Symbol.asyncDispose]() {
      await alarmSender.close();
      await sender.close();
    },
  };
}

async function control<T>(method: string, path: string, body?: object): Promise<T> {
  const response = await fetch(`${simulator.url}/_control${path}`, {
    method,
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  return (await response.json()) as T;
}

async function robotsOf(id: string): Promise<readonly Robot[]> {
  const { robots } = await control<{ robots: Robot[] }>('GET', '/robots');
  return robots.filter((robot) => robot.id === id);
}

function report(i: number, severity: 'page' | 'warn' = 'warn'): AlarmReport {
  const cause = { zh: `原因${i}。${'长'.repeat(40)}`, en: `cause ${i}.` };
  return {
    ...{ key: `k${i}`, rule: 'disk_low', severity, component: null, delayMs: 0, cause },
    ...{ remedy: { zh: '处理。', en: 'remedy.' }, link: null },
  };
}

it.each(['warn', 'page'] as const)(
  '40 alarms (%s) one after the other, of three processes: no robot has more than 20 messages, and none is lost',
  async (severity) => {
    const channels = channelsOf(`forty-${severity}`);
    await using first = open(channels, 'p1');
    await using second = open(channels, 'p2');
    await using third = open(channels, 'p3');
    const processes = [first, second, third];
    const named = async () => {
      const robots = await robotsOf(`forty-${severity}`);
      return robots.map(({ messages }) => {
        const text = messages.map((message) => message.text).join('\n');
        return Array.from({ length: 40 }, (_, i) => i).filter((i) => text.includes(`原因${i}。`)).length;
      });
    };
    const startedAt = performance.now();
    for (let i = 0; i < 40; i++) {
      await Promise.all(processes.map((one) => one.report(report(i, severity))));
      // Each of the first ones is a message of its own.
      if (i < 10) await until('it is sent', async () => (await named()).join() === [i + 1, i + 1, i + 1].join());
    }
    // The next minute.
    await until('all are sent', async () => {
      for (const { id } of channels) {
        const state = server.redis.keyspace.alarmChannel(id);
        const sent = JSON.parse((await server.redis.hget(state, 'sent')) ?? '[]') as number[];
        if (sent.length >= 15 && (await server.redis.hexists(state, 'claim')) === 0)
          await server.redis.hdel(state, 'sent');
      }
      return (await named()).join() === '40,40,40';
    });
    // A busy machine may need more than a minute.
    const minutes = Math.ceil((performance.now() - startedAt) / 60_000);
    for (const { messages, refused } of await robotsOf(`forty-${severity}`)) {
      expect(messages.length).toBeLessThanOrEqual(20 * minutes);
      expect(refused).toEqual([]);
    }
    expect(processes.flatMap(({ unsent }) => unsent)).toEqual([]);
  },
);

it('a robot that fails delays no other; its failure is listed, and the message is sent again', async () => {
  await control('POST', '/robot', { kind: 'wecom', id: 'down', down: true });
  await using alarms = open(channelsOf('down'));
  await alarms.report(report(1));
  await until('the others have it', async () => {
    const robots = await robotsOf('down');
    return robots.filter(({ messages }) => messages.length === 1).length === 2;
  });
  await until('its failure is listed', async () => (await alarms.outbox.state('wecom-1')).lastFailure !== null);
  const { lastFailure, lastSentAt } = await alarms.outbox.state('wecom-1');
  expect(lastFailure).toMatchObject({ status: 500, answer: '{"error":"down"}', remedy: { zh: expect.any(String) } });
  expect(lastSentAt).toBeNull();
  expect(alarms.unsent).toContainEqual(
    expect.objectContaining({ what: 'unsent', channel: 'wecom-1', attempt: 1, lost: 0 }),
  );

  await control('POST', '/robot', { kind: 'wecom', id: 'down', down: false });
  await server.redis.hdel(server.redis.keyspace.alarmChannel('wecom-1'), 'retryAt');
  await until('it has the message', async () =>
    (await robotsOf('down')).every(({ messages }) => messages.length === 1),
  );
});

describe('without Redis', () => {
  it('an alarm is sent directly to every channel', async () => {
    await using alarms = open(channelsOf('direct'));
    const { key, delayMs, note, ...text } = report(7, 'page');
    alarms.alarmSender.sendDirectly('opened', {
      ...{ ...text, id: 'al_1', processes: [{ id: 'p1', host: 'h1:3000', note: null }] },
      ...{ openedAt: new Date(), closedAt: null },
    });
    await until('every robot has it', async () => {
      const robots = await robotsOf('direct');
      return robots.length === 3 && robots.every(({ messages }) => messages[0]?.text.includes('进程：h1:3000'));
    });
  });
});
