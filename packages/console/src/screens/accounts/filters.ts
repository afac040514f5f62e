import { defineFilters } from '../../ui/filters.ts';

export const accountFilters = defineFilters({
  q: 'text',
  state: ['active', 'needs-reauthorization', 'revoked'],
  kind: ['official-account', 'mini-program'],
  scope: 'text',
  component: 'text',
});
