import { type EarlyRefusals, readEarlyRefusals } from '../../token/early-refusals.ts';
import type { Check } from '../check.ts';
import { type Fault, failing, text } from '../finding.ts';

/** One may be WeChat's own, or that of a move from another system. */
const MIN_REFUSALS = 2;

/** Whether another system fetches tokens for the same component. */
export const secondSystem: Check = async (doctor) => {
  const { components } = doctor;
  const redis = await doctor.redis();
  const each = await Promise.all(
    components.map(async ({ appid }) => ({ appid, refusals: await readEarlyRefusals(redis, appid) })),
  );
  return {
    faults: each.flatMap(({ appid, refusals }) => judgeRefusals(appid, refusals)),
    found: each.map(({ appid, refusals }) => `${appid} ${refusals.count} in 24 h`).join(', '),
  };
};

export function judgeRefusals(appid: string, { count, lastAgoMs = 0 }: EarlyRefusals): Fault[] {
  if (count < MIN_REFUSALS) return [];
  const minutes = Math.round(lastAgoMs / 60_000);
  return [
    failing({
      code: 'second_system',
      cause: text(
        `WeChat refused ${count} component tokens of ${appid} before their end in the last 24 hours, the last one ${minutes} minutes ago: another system fetches tokens for this component, and each fetch ends the other's.`,
        `过去 24 小时内微信有 ${count} 次提前拒绝 ${appid} 的平台令牌，最近一次在 ${minutes} 分钟前：另有系统在为同一第三方平台获取令牌，双方互相使对方的令牌失效。`,
      ),
      remedy: text(
        'Stop the other system. Then reset the AppSecret at the Open Platform and set it here, which excludes forgotten copies.',
        '请停用另一套系统，然后在开放平台重置 AppSecret 并在此处更新，以排除遗忘的副本。',
      ),
    }),
  ];
}
