import { startGateway } from '@wxthirdparty/gateway';
import { openPlatform, Scope } from '@wxthirdparty/platform';
import type { Command } from '../command.ts';
import { openLog } from '../log.ts';
import { logHosts } from '../log-hosts.ts';
import { drainMs, gatewaySettings, platformSettings } from '../part-settings.ts';
import { readSettings, required } from '../settings.ts';
import { sayTakenPort } from '../taken-port.ts';

export const gateway: Command = async ({ env, leaving }) => {
  const settings = readSettings(env, 'gateway');
  leaving.patience(settings.shutdownMs);
  const log = openLog(settings.logLevel);
  const port = required(settings.port);

  await using scope = new Scope();
  const opening = openPlatform(platformSettings(settings, required(settings.redisUrl)));
  const platform = scope.keep('platform', await leaving.unlessLeft(opening), (p) => p.close());
  logHosts(platform, log);

  const starting = startGateway(platform, gatewaySettings(settings, port, drainMs(settings, 1)), log);
  scope.keep('gateway', await leaving.unlessLeft(sayTakenPort(starting, port)), (g) => g.close(), settings.shutdownMs);
  await leaving.asked;
  return 0;
};
