import { defineJob } from '../queue/job.ts';
import { ownerKey, type RefreshQueue, type TokenOwner } from './token.ts';

export const RefreshJob = defineJob<{ readonly owner: TokenOwner }>({
  queue: 'refreshes',
  description: 'Fetches one token from WeChat, if it is due. One waiting and one running for each owner.',
  fields: { owner: 'object' },
  deduplicateBy: ({ owner }) => ownerKey(owner),
  // Backoff lives in the token's record, so that a new ticket can end it.
  attempts: 1,
  keep: { count: 1_000 },
});

export const TicketRefreshJob = defineJob<{ readonly owner: TokenOwner }>({
  ...RefreshJob,
  queue: 'ticket-refreshes' satisfies RefreshQueue,
  description:
    'Fetches one ticket of the JS-SDK or of cards from WeChat, if it is due. One waiting and one running for each owner.',
});
