import { ClusterHosts } from '../redis-hosts.ts';
import { ALWAYS_WITH_ANSWERS } from '../targets.ts';
import { SEND_PATH } from '../topology.ts';
import { expireToken, type Fault, lasting } from './fault.ts';

const CALL_MS = 1_200;

export const clusterKill: Fault = {
  name: 'cluster-kill',
  what: "the master of the account's slot is killed while calls of 1.2 s are in flight, and restarted after 10 s",
  topology: 'cluster',
  through: 'own node',
  expectedMs: 22_000,
  targets: { ...ALWAYS_WITH_ANSWERS, outageMs: 6_000 },
  async inject(scene) {
    const { topology } = scene;
    await topology.wechat.control('POST', '/delay', { path: SEND_PATH, ms: CALL_MS, at: 'after' });
    const master = await ClusterHosts.of(topology.redis).masterOf(topology.accountKey);
    const expired = await expireToken(scene);
    return lasting(expired, {
      async cause() {
        await master.kill();
        // Those in flight still take their time; later ones need not.
        await topology.wechat.control('DELETE', '/faults');
      },
      lastsMs: 10_000,
      undo: () => master.start(),
      afterMs: 5_000,
    });
  },
};
