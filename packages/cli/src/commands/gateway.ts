import { Scope } from '@wxthirdparty/platform';
import type { Command } from '../command.ts';
import { openStandardLog } from '../log/open-log.ts';
import { readSettings, required } from '../read-settings.ts';
import { openServedPlatform, serveGateway, serveUntilShutdown, shutdownTimeoutMs } from '../serve.ts';

export const gateway: Command = async ({ env, shutdown }) => {
  const settings = readSettings(env, 'gateway');
  shutdown.setTimeoutMs(shutdownTimeoutMs(settings));
  await using scope = new Scope();
  const log = openStandardLog(scope, settings.logLevel);
  const serving = { scope, settings, shutdown, log };
  const opened = await openServedPlatform(serving, required(settings.redisUrl), ['gateway']);
  const served = await serveGateway(serving, opened, { port: required(settings.port) });
  return await serveUntilShutdown(serving, served);
};
