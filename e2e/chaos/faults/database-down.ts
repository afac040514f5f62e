import { setTimeout as pause } from 'node:timers/promises';
import { ALWAYS_WITH_ANSWERS } from '../targets.ts';
import { type Fault, lasting } from './fault.ts';

const LASTS_MS = 60_000;
const NODE_STARTS_AFTER_MS = 10_000;
const EXTRA_NODE = 'h3-extra';
const EXTRA_PORT = 3001;

export const databaseDown: Fault = {
  name: 'database-down',
  what: 'the database is killed, and restarted after 60 s; a fourth node starts meanwhile',
  topology: 'sentinel',
  through: 'own node',
  expectedMs: 75_000,
  targets: {
    ...ALWAYS_WITH_ANSWERS,
    failed: 0,
    slowestPushMs: 1_000,
    pushesRefused: 0,
    notReady: 0,
    nodeStartMs: 10_000,
  },
  async inject({ topology }) {
    let startedAt = 0;
    const moments = await lasting(
      {},
      {
        async cause() {
          await topology.database.kill();
          await pause(NODE_STARTS_AFTER_MS);
          startedAt = Date.now();
          topology.startNode('h3', EXTRA_NODE, EXTRA_PORT);
        },
        lastsMs: LASTS_MS,
        undo: () => topology.database.restart(),
        afterMs: 5_000,
      },
    );
    const firstPushAt = topology.balancer.firstSuccessOf(EXTRA_NODE);
    await topology.stopNode(EXTRA_NODE);
    return { ...moments, startedNode: { node: EXTRA_NODE, at: startedAt, firstPushAt } };
  },
};
