import { Scope } from '@wxthirdparty/platform';
import type { Command } from '../command.ts';
import { openStandardLog } from '../log/open-log.ts';
import { readSettings, required } from '../read-settings.ts';
import { openServed, serveGateway, serveUntilAsked, shutdownTimeoutMs } from '../serve.ts';

export const gateway: Command = async ({ env, leaving }) => {
  const settings = readSettings(env, 'gateway');
  leaving.patience(shutdownTimeoutMs(settings));
  await using scope = new Scope();
  const log = openStandardLog(scope, settings.logLevel);
  const serving = { scope, settings, leaving, log };
  const platform = await openServed(serving, required(settings.redisUrl), ['gateway']);
  const served = await serveGateway(serving, platform, { port: required(settings.port) });
  return await serveUntilAsked(serving, served);
};
