/** All checks, in the order in which they are shown. */
export const checkNames = [
  'settings',
  'secrets-key',
  'data-dir',
  'redis',
  'redis-settings',
  'redis-memory',
  'redis-age',
  'clocks',
  'database',
  'component',
  'ticket',
  'component-token',
  'egress',
  'public-url',
  'push-url',
  'queues',
  'versions',
  'second-system',
] as const;
export type CheckName = (typeof checkNames)[number];
