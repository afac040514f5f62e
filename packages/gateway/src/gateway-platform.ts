import type { Platform } from '@wxthirdparty/platform';

/** What the gateway uses of the platform: it works no jobs, and whoever opened the platform listens to it and closes it. */
export type GatewayPlatform = Omit<Platform, 'work' | 'events' | 'close'>;
