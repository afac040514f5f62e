import type { GatewaySettings } from '@wxthirdparty/gateway';
import type { PlatformSettings, ProcessRole } from '@wxthirdparty/platform';
import { checkSettings } from './doctor/check-settings.ts';
import { consoleFolder, typed } from './installation.ts';
import type { Settings } from './read-settings.ts';

export function platformSettings(
  settings: Settings,
  redisUrl: string,
  roles: readonly ProcessRole[],
): PlatformSettings {
  const { redisPrefix, databaseUrl, databaseReadUrl, secretsKeys, components, wechat, deliveryNets } = settings;
  const { pushDays, followerDaysAfterRevocation, inlineConcurrency, publicUrl, alarms } = settings;
  return {
    roles,
    redisUrl,
    redisPrefix,
    databaseUrl,
    databaseReadUrl,
    secretsKeys,
    components,
    wechat,
    deliveryNets,
    inlineConcurrency,
    pushDays,
    followerDaysAfterRevocation,
    publicUrl,
    alarms,
  };
}

export function gatewaySettings(settings: Settings, port: number, shutdownMs: number): GatewaySettings {
  const { host, publicUrl, returnToOrigins, trustProxy, apiKey, secretsKeys, admin, dataDir, env } = settings;
  return {
    port,
    host,
    publicUrl,
    returnToOrigins,
    trustProxy,
    apiKey,
    secretsKeys,
    admin,
    consoleFolder,
    // What is wrong with the settings themselves has kept the process from starting.
    doctor: { dataDir, typed, checkSettings: async () => checkSettings({ env, faults: [] }) },
    shutdownMs,
  };
}

/** The part of SHUTDOWN_MS for gateway and workers; Redis and the database close after them, in the same time. */
export function shutdownShareMs(settings: Settings): number {
  return Math.floor(settings.shutdownMs * 0.8);
}
