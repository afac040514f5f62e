import { SentinelHosts } from '../redis-hosts.ts';
import { ALWAYS_WITH_ANSWERS } from '../targets.ts';
import { expireToken, type Fault, lasting } from './fault.ts';

export const primaryKill: Fault = {
  name: 'primary-kill',
  what: 'the primary is killed (SIGKILL), and restarted after 8 s as it was',
  topology: 'sentinel',
  through: 'own node',
  expectedMs: 20_000,
  targets: { ...ALWAYS_WITH_ANSWERS, outageMs: 6_000 },
  async inject(scene) {
    const primary = await SentinelHosts.of(scene.topology.redis).primary();
    const expired = await expireToken(scene);
    return lasting(expired, {
      cause: () => primary.kill(),
      lastsMs: 8_000,
      undo: () => primary.start(),
      afterMs: 6_000,
    });
  },
};
