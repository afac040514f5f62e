import { defineJob } from '../../queue/job.ts';
import type { LaneOwner } from './lane-store.ts';

export const LaneJob = defineJob<LaneOwner>({
  queue: 'lanes',
  description: 'One turn of an account’s background calls: a few of them, then the others’ turn.',
  fields: { component: 'string', appid: 'string' },
  // One waiting and one running turn for each lane; whoever wakes a lane in mid-turn gets it another one.
  deduplicateBy: ({ component, appid }) => `${component}.${appid}`,
  // A lane with a backlog is found again by the set of lanes.
  attempts: 1,
  keep: { count: 100 },
});
