import { runReleaseCheck } from '../release-check/run-release-check.ts';
import { GROUPS } from '../release-check/test-accounts.ts';
import type { ControlRoute } from './control-route.ts';
import { BadInput, optionalNumber, optionalTexts, rejectUnknown } from './input.ts';
import { componentOf } from './owners.ts';

const KINDS = ['official-account', 'mini-program'] as const;
const SEND_TIMEOUT_MS = 30_000;

/** The route with which a test clicks "release to the whole network". */
export const CHECKING_ROUTES: Record<string, ControlRoute> = {
  'POST /_control/release-check': async (world, body) => {
    rejectUnknown(body, 'component', 'group', 'kinds', 'sendTimeoutMs');
    const component = componentOf(world, body);
    const group = optionalNumber(body, 'group', 1) ?? 1 + world.chance.below(GROUPS);
    if (group > GROUPS) throw new BadInput(`group must be a number from 1 to ${GROUPS}`);
    const named = optionalTexts(body, 'kinds');
    const unknown = named.find((kind) => !KINDS.some((known) => known === kind));
    if (unknown !== undefined) throw new BadInput(`kinds must contain only ${KINDS.join(', ')}`);
    const kinds = KINDS.filter((kind) => named.length === 0 || named.includes(kind));
    const sendTimeoutMs = optionalNumber(body, 'sendTimeoutMs') ?? SEND_TIMEOUT_MS;
    const cases = await runReleaseCheck(world, component, { group, kinds, sendTimeoutMs });
    return { group, passed: cases.every(({ passed }) => passed), cases };
  },
};
