import { SentinelHosts } from '../redis-hosts.ts';
import { ALWAYS } from '../targets.ts';
import { expireToken, type Fault, lasting } from './fault.ts';

export const cut: Fault = {
  name: 'cut',
  what: 'the host of the primary, with its node and callers, is cut off for 20 s',
  topology: 'sentinel',
  through: 'own node',
  needsNamespaces: true,
  expectedMs: 35_000,
  // What the cut-off primary accepted before it noticed is lost, and what WeChat answered the cut-off node is unknown.
  targets: { ...ALWAYS, outageMs: 6_000, lost: 10 },
  async inject(scene) {
    const { host } = await SentinelHosts.of(scene.topology.redis).primary();
    const expired = await expireToken(scene);
    return lasting(
      { ...expired, cutHosts: [host], cutAddresses: [scene.topology.hosts.address(host)] },
      {
        cause: () => scene.topology.hosts.cut(host),
        lastsMs: 20_000,
        undo: () => scene.topology.hosts.heal(host),
        afterMs: 10_000,
      },
    );
  },
};
