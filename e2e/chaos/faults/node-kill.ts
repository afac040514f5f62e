import { until } from '../../support/until.ts';
import { NODE_HOSTS } from '../hosts.ts';
import { ALWAYS } from '../targets.ts';
import { SEND_PATH } from '../topology.ts';
import { expireToken, type Fault, lasting } from './fault.ts';

const CALL_MS = 1_500;
/** Of the fifty of the burst; background calls depart ten at a time. */
const IN_FLIGHT = 30;

export const nodeKill: Fault = {
  name: 'node-kill',
  what: 'a node is killed (SIGKILL) with a burst of 50 calls in flight, and restarted after 14 s',
  topology: 'sentinel',
  through: 'own node',
  expectedMs: 28_000,
  // WeChat's last answers reached a process that was gone.
  targets: { ...ALWAYS, slowestBackgroundMs: 10_000 },
  async inject(scene) {
    const { topology, load, random } = scene;
    const host = NODE_HOSTS[Math.floor(random() * NODE_HOSTS.length)]!;
    const expired = await expireToken(scene);
    await topology.wechat.control('POST', '/delay', { path: SEND_PATH, ms: CALL_MS, at: 'after' });
    const arrived = async () =>
      (await topology.wechat.control<{ requests: Record<string, number> }>('GET', '/counters')).requests[
        `POST ${SEND_PATH}`
      ] ?? 0;
    const before = await arrived();
    load.burst(host);
    await until('the burst is in flight', async () => (await arrived()) >= before + IN_FLIGHT, 10_000);
    return lasting(
      { ...expired, killedNodes: [host] },
      {
        async cause() {
          await topology.node(host).kill();
          // The backlog of the burst would otherwise depart at the pace of slow calls.
          await topology.wechat.control('DELETE', '/faults');
        },
        lastsMs: 14_000,
        async undo() {
          await topology.startNode(host).says('gateway listening');
        },
        afterMs: 2_000,
      },
    );
  },
};
