import { defineJob } from '../queue/job.ts';
import type { QuotaPair } from '../quota/ledger.ts';

export const QuotaReadingJob = defineJob<QuotaPair>({
  queue: 'quotas',
  description: 'Asks WeChat for the limit and the usage of one API of one account, when a call requires them.',
  fields: { component: 'string', appid: 'string', path: 'string' },
  deduplicateBy: ({ component, appid, path }) => `${component}-${appid}-${path}`,
  // After a failure, a later call requests the lookup again.
  attempts: 1,
  keep: { count: 100 },
});
