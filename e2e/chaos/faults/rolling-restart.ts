import { until } from '../../support/until.ts';
import { NODE_HOSTS } from '../hosts.ts';
import { ALWAYS_WITH_ANSWERS } from '../targets.ts';
import { expireToken, type Fault, lasting } from './fault.ts';

export const rollingRestart: Fault = {
  name: 'rolling-restart',
  what: 'the three nodes are restarted one after the other behind a balancer, with DRAIN_MS 7000',
  topology: 'sentinel',
  through: 'balancer',
  expectedMs: 55_000,
  targets: { ...ALWAYS_WITH_ANSWERS, failed: 0, pushesRefused: 0, outcomeUnknown: 0 },
  async inject(scene) {
    const { topology } = scene;
    const expired = await expireToken(scene);
    return lasting(expired, {
      async cause() {
        for (const host of NODE_HOSTS) {
          const code = await topology.node(host).shutDown();
          if (code !== 0) throw new Error(`the node of ${host} ended with ${code}`);
          await topology.startNode(host).says('gateway listening');
          await until('the balancer uses it', () => topology.balancer.used.includes(host));
        }
      },
      lastsMs: 0,
      undo: () => {},
      afterMs: 3_000,
    });
  },
};
