import { defineJob } from '../queue/job.ts';
import type { QuotaPair } from '../quota/ledger.ts';

export const QuotaReadingJob = defineJob<QuotaPair>({
  queue: 'quotas',
  description: 'Asks WeChat what one account may use of one API and has used, when that becomes worth knowing.',
  fields: { component: 'string', appid: 'string', path: 'string' },
  deduplicateBy: ({ component, appid, path }) => `${component}-${appid}-${path}`,
  // What could not be read is asked for again by a later call.
  attempts: 1,
  keep: { count: 100 },
});
