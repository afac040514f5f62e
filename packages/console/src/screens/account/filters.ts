import { defineFilters } from '../../ui/filters.ts';

export const accountTabs = ['overview', 'quotas', 'followers', 'calls', 'pushes', 'history'] as const;

export const accountFilters = defineFilters({ component: 'text', tab: accountTabs });
