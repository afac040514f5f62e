import { defineFilters, type Values } from '../../ui/filters.ts';

export const pushTabs = ['subscriptions', 'journal'] as const;
export type PushTab = (typeof pushTabs)[number];

const listFilters = defineFilters({
  state: ['active', 'failing', 'paused'],
  appid: 'text',
  type: 'text',
});

/** The first tab needs no parameter. */
export const pushFilters = {
  ...listFilters,
  read: (search: Record<string, unknown>): Values<(typeof listFilters)['kinds']> & { readonly tab?: PushTab } => ({
    ...listFilters.read(search),
    ...(search.tab === 'journal' ? { tab: 'journal' as const } : {}),
  }),
};

export const deliveryFilters = defineFilters({ state: ['pending', 'delivered', 'dead'] });
