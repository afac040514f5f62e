import { defineFilters } from '../../ui/filters.ts';

export const accountTabs = ['overview', 'quotas', 'followers', 'calls', 'pushes', 'history'] as const;

/** `of`: the component that the account authorized, if it authorized several; `component` is the choice of the top bar. */
export const accountFilters = defineFilters({ of: 'text', tab: accountTabs });
