import { setTimeout as pause } from 'node:timers/promises';
import { batchIds, message } from '../support/call-terms.ts';
import { Deployment } from '../support/deployment.ts';
import { SEND_MESSAGE } from '../support/tally.ts';
import type { Bench, Figures, Round } from './bench.ts';

const QUEUED = 600;
const BESIDE = 20;
const WECHAT_MS = 100;
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const POLL_INTERVAL_MS = 10;
const [BUSY, OTHER] = ['wx00000000000000a1', 'wx00000000000000a2'];

const parallel: Bench = {
  name: `${QUEUED} background calls of one account`,
  measured: 'from the batch until WeChat has received the last one',
  against: `${BESIDE} of them without the others; WeChat takes ${WECHAT_MS} ms`,
  guide: { measuredAtMost: 9_000 },
  run: () =>
    inRounds(async (deployment) => {
      const against = await timeOf(deployment, BUSY, BESIDE);
      return { measured: await timeOf(deployment, BUSY, QUEUED), against };
    }),
};

const beside: Bench = {
  name: `background calls of another account beside these ${QUEUED}`,
  measured: `${BESIDE} calls, from the batch until WeChat has received the last one, while the others are still accepted`,
  against: 'the same without the others',
  guide: { atMost: 1.5 },
  run: () =>
    inRounds(async (deployment) => {
      const against = await timeOf(deployment, OTHER, BESIDE);
      const before = await received(deployment, BUSY);
      const busy = timeOf(deployment, BUSY, QUEUED);
      await untilReceived(deployment, BUSY, before + 1);
      const measured = await timeOf(deployment, OTHER, BESIDE);
      await busy;
      return { measured, against };
    }),
};

export default [parallel, beside];

async function inRounds(round: (deployment: Deployment) => Promise<Round>): Promise<Figures> {
  const accounts = [BUSY, OTHER].map(
    (appid) => ({ appid, kind: 'official-account', nickName: appid, followers: 1 }) as const,
  );
  const deployment = await Deployment.open({ accounts, env: { LOG_LEVEL: 'info' } });
  try {
    for (const appid of [BUSY, OTHER]) {
      await deployment.authorized(appid);
      await timeOf(deployment, appid, QUEUED);
    }
    await deployment.wechat.control('POST', '/delay', { path: SEND_MESSAGE, ms: WECHAT_MS });
    const rounds: Round[] = [];
    for (let i = 0; i < ROUNDS; i++) rounds.push(await round(deployment));
    return { unit: 'ms', rounds, facts: [] };
  } finally {
    await deployment.close();
  }
}

async function timeOf(deployment: Deployment, appid: string, count: number): Promise<number> {
  const { openids } = await deployment.wechat.control<{ openids: string[] }>(
    'GET',
    `/followers?appid=${appid}&limit=1`,
  );
  const before = await received(deployment, appid);
  const startedAt = performance.now();
  await batchIds(
    deployment,
    Array.from({ length: count }, (_, i) => message(appid, openids[0]!, `${i}`)),
  );
  await untilReceived(deployment, appid, before + count);
  return performance.now() - startedAt;
}

async function untilReceived(deployment: Deployment, appid: string, count: number): Promise<void> {
  while ((await received(deployment, appid)) < count) await pause(POLL_INTERVAL_MS);
}

async function received(deployment: Deployment, appid: string): Promise<number> {
  const { byAccount } = await deployment.wechat.counters();
  return byAccount[appid]?.[`POST ${SEND_MESSAGE}`] ?? 0;
}
