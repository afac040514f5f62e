import type { GatewaySettings } from '@wxthirdparty/gateway';
import type { PlatformSettings } from '@wxthirdparty/platform';
import type { Settings } from './settings.ts';

export function platformSettings(settings: Settings, redisUrl: string): PlatformSettings {
  const { redisPrefix, databaseUrl, databaseReadUrl, secretsKeys, components, wechat } = settings;
  return { redisUrl, redisPrefix, databaseUrl, databaseReadUrl, secretsKeys, components, wechat };
}

export function gatewaySettings(settings: Settings, port: number, drainMs: number): GatewaySettings {
  const { host, publicUrl, returnToOrigins, trustProxy, apiKey, secretsKeys, admin } = settings;
  return { port, host, publicUrl, returnToOrigins, trustProxy, apiKey, secretsKeys, admin, shutdownMs: drainMs };
}

/**
 * What one part may use of SHUTDOWN_MS when `parts` of them close one after the other: what they stand on has to close
 * after them, within the same time.
 */
export function drainMs(settings: Settings, parts: number): number {
  return Math.floor((settings.shutdownMs * 0.8) / parts);
}
