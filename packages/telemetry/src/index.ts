export { countActivity } from './activity.ts';
export { logEvents } from './logs.ts';
