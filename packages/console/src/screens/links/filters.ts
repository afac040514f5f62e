import { defineFilters } from '../../ui/filters.ts';

export const linkFilters = defineFilters({
  state: ['pending', 'opened', 'authorized', 'failed', 'expired'],
  component: 'text',
});

/** What `/links/new` begins with: the account that authorizes again. */
export const newLinkFilters = defineFilters({ appid: 'text', component: 'text' });
