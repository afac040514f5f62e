import { batch } from '../support/call-terms.ts';
import { Deployment } from '../support/deployment.ts';
import { USER_INFO } from '../support/tally.ts';
import type { Bench, Round } from './bench.ts';

const QUEUED = 100_000;
/** The real WeChat takes longer; a faster answer would measure how this machine shares its processors. */
const WECHAT_MS = 20;
const WARM_UP_CALLS = 100;
const ROUNDS = 15;
const CALLS = 40;
const [BUSY, OTHER] = ['wx00000000000000a1', 'wx00000000000000a2'];

const bench: Bench = {
  name: `interactive calls beside ${QUEUED} queued calls of another account`,
  measured: `a call for which a caller waits, p50 of ${CALLS}, while the backlog is being worked off`,
  against: `the same without a backlog; WeChat takes ${WECHAT_MS} ms`,
  guide: { atMost: 1.5 },
  run,
};
export default bench;

async function run() {
  const accounts = [BUSY, OTHER].map((appid) => ({
    ...{ appid, kind: 'official-account' as const, nickName: appid },
    followers: 5,
  }));
  const deployment = await Deployment.open({ accounts, env: { LOG_LEVEL: 'info' } });
  try {
    for (const appid of [BUSY, OTHER]) await deployment.authorized(appid);
    await deployment.wechat.control('POST', '/delay', { path: USER_INFO, ms: WECHAT_MS });
    const openids = Object.fromEntries(
      await Promise.all([BUSY, OTHER].map(async (appid) => [appid, await openidOf(deployment, appid)])),
    ) as Record<string, string>;
    const call = (appid: string) => ({ method: 'GET', path: USER_INFO, query: { openid: openids[appid] } });

    await p50(deployment, call(OTHER), WARM_UP_CALLS);
    const without: number[] = [];
    for (let round = 0; round < ROUNDS; round++) without.push(await p50(deployment, call(OTHER), CALLS));

    const thousand = Array.from({ length: 1_000 }, () => ({ appid: BUSY, ...call(BUSY) }));
    for (let queued = 0; queued < QUEUED; queued += thousand.length) await batch(deployment, thousand);
    const before = await done(deployment);
    const rounds: Round[] = [];
    for (const against of without) rounds.push({ measured: await p50(deployment, call(OTHER), CALLS), against });
    const after = await done(deployment);
    return {
      unit: 'ms',
      rounds,
      facts: [
        { what: 'the backlog was worked off meanwhile', holds: after > before },
        { what: 'and was still there at the end', holds: after < QUEUED },
      ],
    };
  } finally {
    await deployment.close();
  }
}

async function p50(deployment: Deployment, request: { method: string; path: string; query: object }, calls: number) {
  const took: number[] = [];
  for (let i = 0; i < calls; i++) {
    const begunAt = performance.now();
    const { body } = await deployment.call(OTHER, { ...request, waitMs: 30_000 });
    took.push(performance.now() - begunAt);
    if (body.state !== 'completed') throw new Error(`a call ended as ${body.state}`);
  }
  return took.sort((a, b) => a - b)[Math.floor(calls / 2)]!;
}

/** How many of the queued calls WeChat has answered. */
async function done(deployment: Deployment): Promise<number> {
  const { byAccount } = await deployment.wechat.counters();
  return byAccount[BUSY]?.[`GET ${USER_INFO}`] ?? 0;
}

async function openidOf(deployment: Deployment, appid: string): Promise<string> {
  const { openids } = await deployment.wechat.control<{ openids: string[] }>(
    'GET',
    `/followers?appid=${appid}&limit=1`,
  );
  return openids[0]!;
}
