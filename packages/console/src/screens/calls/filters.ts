import { defineFilters } from '../../ui/filters.ts';

export const shownCalls = ['failures', 'refused', 'failed', 'queued', 'delayed', 'running', 'cancelled'] as const;
export const spans = ['1h', '24h', '7d'] as const;

/** `fault`: an errcode of WeChat, or the code of a failure. */
export const callFilters = defineFilters({
  component: 'text',
  appid: 'text',
  path: 'text',
  show: shownCalls,
  fault: 'text',
  key: 'text',
  since: spans,
});
