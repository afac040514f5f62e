export { freePort } from '../../packages/platform/test/free-port.ts';
