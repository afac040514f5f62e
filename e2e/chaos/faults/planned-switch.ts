import { SentinelHosts } from '../redis-hosts.ts';
import { ALWAYS_WITH_ANSWERS } from '../targets.ts';
import { expireToken, type Fault, lasting } from './fault.ts';

export const plannedSwitch: Fault = {
  name: 'planned-switch',
  what: 'an operator switches the primary by the documented procedure',
  topology: 'sentinel',
  through: 'own node',
  expectedMs: 16_000,
  targets: { ...ALWAYS_WITH_ANSWERS, outageMs: 3_000 },
  async inject(scene) {
    const redis = SentinelHosts.of(scene.topology.redis);
    const expired = await expireToken(scene);
    return lasting(expired, { cause: () => redis.switchAsPlanned(), lastsMs: 8_000, undo: () => {}, afterMs: 3_000 });
  },
};
