export type { GatewayPlatform } from './gateway-platform.ts';
export type { GatewaySettings } from './gateway-settings.ts';
export { type ApiDocument, apiDocument } from './openapi/api-document.ts';
export { type Gateway, startGateway } from './start-gateway.ts';
