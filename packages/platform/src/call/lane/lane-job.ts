import { defineJob } from '../../queue/job.ts';
import type { LaneOwner } from './lane-owner.ts';

export const LaneJob = defineJob<LaneOwner>({
  queue: 'lanes',
  description: 'One batch of an account’s background calls; then the lanes of other accounts run.',
  fields: { component: 'string', appid: 'string' },
  // One waiting and one running batch per lane; a wake-up during a batch causes another one.
  deduplicateBy: ({ component, appid }) => `${component}.${appid}`,
  // A lane with a backlog is found again by the set of lanes.
  attempts: 1,
  keep: { count: 100 },
});
