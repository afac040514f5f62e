export type { GatewayFace as GatewayPlatform } from '@wxthirdparty/platform';
