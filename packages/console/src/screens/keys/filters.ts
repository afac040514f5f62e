import { defineFilters } from '../../ui/filters.ts';

export const keyFilters = defineFilters({ tab: ['audit'] });
