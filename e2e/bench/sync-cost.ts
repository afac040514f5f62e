import { setTimeout as pause } from 'node:timers/promises';
import { Deployment } from '../support/deployment.ts';
import { readSync, startSync } from '../support/follower-syncs.ts';
import { memoryMb, processorSeconds } from './process-cost.ts';

const ACCOUNT = 'wx00000000000000c3';
const PAGE = 10_000;
const BATCH = 100;

export interface SyncCost {
  readonly name: string;
  /** Processor time of the worker; it includes SQLite. */
  readonly workerSeconds: number;
  /** Processor time of a database that is a process of its own. */
  readonly databaseSeconds: number;
  readonly clockSeconds: number;
  readonly aboveIdleMb: number;
  /** Whether as many subscribed followers are stored as WeChat lists. */
  readonly exact: boolean;
}

/** A first sync of this many followers, and another one right after it, both with details. */
export async function syncCosts(
  name: string,
  followers: number,
  env: Record<string, string>,
  databasePid?: number,
): Promise<SyncCost[]> {
  const deployment = await Deployment.open({
    accounts: [{ appid: ACCOUNT, kind: 'official-account', nickName: '大号', followers }],
    env: { LOG_LEVEL: 'info', ...env },
  });
  try {
    await deployment.authorized(ACCOUNT);
    const pid = deployment.workers[0]!.pid;
    const idleMb = memoryMb(pid).now;
    const costs: SyncCost[] = [];
    for (const which of ['first', 'again']) {
      const before = { worker: processorSeconds(pid), database: secondsOf(databasePid), at: performance.now() };
      const { id } = await startSync(deployment, ACCOUNT);
      for (;;) {
        const { state, error } = await readSync(deployment, id);
        if (state === 'completed') break;
        if (state === 'failed') throw new Error(`the sync failed: ${JSON.stringify(error)}`);
        await pause(250);
      }
      const clockSeconds = (performance.now() - before.at) / 1_000;
      const { body: counts } = await deployment.api('GET', `/v1/authorizers/${ACCOUNT}/followers/counts`);
      costs.push({
        name: `${name}, ${which}`,
        workerSeconds: processorSeconds(pid) - before.worker,
        databaseSeconds: secondsOf(databasePid) - before.database,
        clockSeconds,
        aboveIdleMb: memoryMb(pid).most - idleMb,
        exact: counts.total === followers && counts.subscribed === followers,
      });
    }
    return costs;
  } finally {
    await deployment.close();
  }
}

function secondsOf(pid: number | undefined): number {
  return pid === undefined ? 0 : processorSeconds(pid);
}

/** The processor time of JSON.parse alone for the answers of such a sync: the least possible cost. */
export function parseSeconds(followers: number): number {
  const openids = Array.from({ length: PAGE }, (_, i) => `oAbCdE${String(i).padStart(22, 'x')}`);
  const page = JSON.stringify({
    total: followers,
    count: PAGE,
    data: { openid: openids },
    next_openid: openids.at(-1),
  });
  const batch = JSON.stringify({
    user_info_list: openids.slice(0, BATCH).map((openid, i) => ({
      ...{ subscribe: 1, openid, language: 'zh_CN', subscribe_time: 1_500_000_000 + i, remark: '', groupid: 0 },
      ...{ tagid_list: [], subscribe_scene: 'ADD_SCENE_QR_CODE', qr_scene: 0, qr_scene_str: '' },
    })),
  });
  const before = process.cpuUsage();
  for (let i = 0; i < followers / PAGE; i++) JSON.parse(page);
  for (let i = 0; i < followers / BATCH; i++) JSON.parse(batch);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}
