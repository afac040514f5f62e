import { Scope } from '@wxthirdparty/platform';
import type { Command } from '../command.ts';
import { openStandardLog } from '../log/open-log.ts';
import { readSettings, required } from '../read-settings.ts';
import { serveNode, serveUntilShutdown, shutdownTimeoutMs } from '../serve.ts';

/** Gateway and worker in one process. */
export const node: Command = async ({ env, shutdown }) => {
  const settings = readSettings(env, 'node');
  shutdown.setTimeoutMs(shutdownTimeoutMs(settings));
  await using scope = new Scope();
  const log = openStandardLog(scope, settings.logLevel);
  const serving = { scope, settings, shutdown, log };
  const { gateway } = await serveNode(serving, required(settings.redisUrl), required(settings.port));
  return await serveUntilShutdown(serving, gateway);
};
