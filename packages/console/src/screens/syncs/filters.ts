import { defineFilters } from '../../ui/filters.ts';

export const syncFilters = defineFilters({
  state: ['queued', 'running', 'paused', 'completed', 'failed', 'cancelled'],
  component: 'text',
});
