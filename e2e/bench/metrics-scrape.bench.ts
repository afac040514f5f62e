import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Events } from '../../packages/platform/src/events.ts';
import { countEvents } from '../../packages/telemetry/src/metrics/count-events.ts';
import { openCounters, openHistograms } from '../../packages/telemetry/src/metrics/tables.ts';
import { Deployment, SERVICE_ACCOUNT } from '../support/deployment.ts';
import type { Bench, Figures, Round } from './bench.ts';
import { knowAuthorizers } from './know-authorizers.ts';
import { exactProcessorMs } from './process-cost.ts';

const ACCOUNTS = 100_000;
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
/** Shared state is read again after 15 seconds, so a scrape after this time reads all of it. */
const READING_INTERVAL_MS = 15_500;
const EVENTS = 300_000;

const scrape: Bench = {
  name: `a scrape of /metrics with ${ACCOUNTS.toLocaleString('en')} accounts`,
  measured: 'processor time of the node for a scrape that reads all shared state',
  against: 'one within the same 15 seconds, which reads none',
  guide: { measuredAtMost: 20 },
  run: runScrapes,
};

const events: Bench = {
  name: 'what metrics cost for each event',
  measured: 'processor time of publishing the event of an inline call',
  against: 'that of a request to WeChat',
  guide: { measuredAtMost: 1 },
  run: runEvents,
};

export default [scrape, events];

async function runScrapes(): Promise<Figures> {
  const secretsKey = randomBytes(32);
  const env = { SECRETS_KEY: secretsKey.toString('base64'), LOG_LEVEL: 'info' };
  const deployment = await Deployment.open({ nodes: 1, env });
  try {
    await deployment.authorized(SERVICE_ACCOUNT);
    const [node] = deployment.gateways;
    await knowAuthorizers(deployment, SERVICE_ACCOUNT, ACCOUNTS, secretsKey);
    const timed = async () => {
      const before = exactProcessorMs(node!.pid);
      const response = await fetch(`${deployment.gatewayUrl()}/metrics`);
      const text = await response.text();
      return { ms: exactProcessorMs(node!.pid) - before, text };
    };
    // The first one compiles what it runs.
    for (let i = 0; i < 50; i++) await timed();
    const rounds: Round[] = [];
    let counted = 0;
    for (let round = 0; round < ROUNDS; round++) {
      await pause(READING_INTERVAL_MS);
      const measured = await timed();
      const against = await timed();
      rounds.push({ measured: measured.ms, against: against.ms });
      const authorizers = /^wx_authorizers\{.*state="active"\} (\d+)$/m.exec(measured.text);
      counted = Number(authorizers?.[1]);
    }
    const what = `the scrape has counted ${counted.toLocaleString('en')} accounts`;
    return { unit: 'ms', rounds, facts: [{ what, holds: counted > ACCOUNTS }] };
  } finally {
    await deployment.close();
  }
}

async function runEvents(): Promise<Figures> {
  const emitter = new Events();
  const counters = openCounters();
  countEvents(emitter, counters, openHistograms(), { components: ['wxc'], queues: ['calls'] });
  const paths = ['/cgi-bin/user/get', '/cgi-bin/user/info', '/cgi-bin/message/custom/send', '/cgi-bin/tags/get'];
  const call = { call: 'c', component: 'wxc', appid: 'wxa', kind: 'inline', outcome: 'completed', errcode: 0 } as const;
  const times = { attempts: 1, queueMs: 0.4, wechatMs: 21, totalMs: 22, recorded: true };
  const request = { component: 'wxc', host: 'api.weixin.qq.com', result: 'ok', errcode: 0, ms: 21 } as const;
  const microseconds = (publish: (path: string) => void) => {
    const before = process.cpuUsage();
    for (let i = 0; i < EVENTS; i++) publish(paths[i % paths.length]!);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / EVENTS;
  };
  const rounds: Round[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const measured = microseconds((path) => emitter.publish('call', { ...call, ...times, path }));
    const against = microseconds((path) => emitter.publish('wechat', { ...request, path }));
    // The first round compiles what it runs.
    if (round > 0) rounds.push({ measured, against });
  }
  return { unit: 'µs', rounds, facts: [] };
}
