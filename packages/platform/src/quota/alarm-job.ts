import { defineJob } from '../queue/job.ts';
import type { QuotaEvent } from './quota-events.ts';

export const QuotaAlarmJob = defineJob<QuotaEvent>({
  queue: 'quota-alarms',
  description: 'Warns operators that four fifths of a quota, or all of it, are used; once a day for each.',
  fields: {
    level: 'any',
    component: 'string',
    appid: 'string',
    path: 'string',
    used: 'number',
    limit: 'any',
    at: 'string',
  },
  attempts: 5,
  backoffMs: 1_000,
  keep: { count: 1_000 },
});
