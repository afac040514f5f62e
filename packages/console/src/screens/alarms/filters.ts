import { defineFilters } from '../../ui/filters.ts';

export const alarmFilters = defineFilters({ state: ['closed'] });
