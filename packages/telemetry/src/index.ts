export { logEvents } from './logs.ts';
