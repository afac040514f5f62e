import { batchIds, message } from '../support/call-terms.ts';
import { Deployment } from '../support/deployment.ts';
import { SEND_MESSAGE } from '../support/tally.ts';
import { until } from '../support/until.ts';
import type { Bench, Round } from './bench.ts';

const QUEUED = 600;
const BESIDE = 20;
const WECHAT_MS = 100;
const ROUNDS = 3;
const [BUSY, OTHER] = ['wx00000000000000a1', 'wx00000000000000a2'];

const parallel: Bench = {
  name: `${QUEUED} background calls of one account`,
  measured: 'from the batch until WeChat has answered the last one',
  against: `${BESIDE} of them without the others; WeChat takes ${WECHAT_MS} ms`,
  guide: { measuredAtMost: 9_000 },
  run: () =>
    inDeployment(async (deployment) => {
      const against = await timeOf(deployment, BUSY, BESIDE);
      return { measured: await timeOf(deployment, BUSY, QUEUED), against };
    }),
};

const beside: Bench = {
  name: `background calls of another account beside these ${QUEUED}`,
  measured: `${BESIDE} calls, from the batch until WeChat has answered the last one`,
  against: 'the same without the others',
  guide: { atMost: 1.5 },
  run: () =>
    inDeployment(async (deployment) => {
      const against = await timeOf(deployment, OTHER, BESIDE);
      const busy = timeOf(deployment, BUSY, QUEUED);
      await until('the others are being sent', async () => (await answered(deployment, BUSY)) > 0);
      const measured = await timeOf(deployment, OTHER, BESIDE);
      await busy;
      return { measured, against };
    }),
};

export default [parallel, beside];

async function inDeployment(round: (deployment: Deployment) => Promise<Round>) {
  const accounts = [BUSY, OTHER].map(
    (appid) => ({ appid, kind: 'official-account', nickName: appid, followers: 1 }) as const,
  );
  const rounds: Round[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    const deployment = await Deployment.open({ accounts, env: { LOG_LEVEL: 'info' } });
    try {
      for (const appid of [BUSY, OTHER]) {
        await deployment.authorized(appid);
        await timeOf(deployment, appid, 1);
      }
      await deployment.wechat.control('POST', '/delay', { path: SEND_MESSAGE, ms: WECHAT_MS });
      rounds.push(await round(deployment));
    } finally {
      await deployment.close();
    }
  }
  return { unit: 'ms', rounds, facts: [] };
}

async function timeOf(deployment: Deployment, appid: string, count: number): Promise<number> {
  const { openids } = await deployment.wechat.control<{ openids: string[] }>(
    'GET',
    `/followers?appid=${appid}&limit=1`,
  );
  const before = await answered(deployment, appid);
  const begunAt = performance.now();
  await batchIds(
    deployment,
    Array.from({ length: count }, (_, i) => message(appid, openids[0]!, `${i}`)),
  );
  await until('all are answered', async () => (await answered(deployment, appid)) - before >= count);
  return performance.now() - begunAt;
}

async function answered(deployment: Deployment, appid: string): Promise<number> {
  const { byAccount } = await deployment.wechat.counters();
  return byAccount[appid]?.[`POST ${SEND_MESSAGE}`] ?? 0;
}
