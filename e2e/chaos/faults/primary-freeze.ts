import { SentinelHosts } from '../redis-hosts.ts';
import { ALWAYS_WITH_ANSWERS } from '../targets.ts';
import { expireToken, type Fault, lasting } from './fault.ts';

export const primaryFreeze: Fault = {
  name: 'primary-freeze',
  what: 'the primary is frozen (SIGSTOP) for 14 s, and resumes when another has been promoted',
  topology: 'sentinel',
  through: 'own node',
  expectedMs: 25_000,
  targets: { ...ALWAYS_WITH_ANSWERS, outageMs: 6_000 },
  async inject(scene) {
    const primary = await SentinelHosts.of(scene.topology.redis).primary();
    const expired = await expireToken(scene);
    return lasting(expired, {
      cause: () => primary.freeze(),
      lastsMs: 14_000,
      undo: () => primary.thaw(),
      afterMs: 5_000,
    });
  },
};
