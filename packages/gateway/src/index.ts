export type { GatewaySettings } from './gateway-settings.ts';
export { type Gateway, startGateway } from './start-gateway.ts';
