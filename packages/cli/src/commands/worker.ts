import { Scope } from '@wxthirdparty/platform';
import { startProbes } from '@wxthirdparty/worker';
import type { Command } from '../command.ts';
import { openStandardLog } from '../log/open-log.ts';
import { readSettings, required } from '../read-settings.ts';
import { openServed, serveQueues } from '../serve.ts';
import { sayTakenPort } from '../taken-port.ts';

export const worker: Command = async ({ env, envWithoutFile, leaving }) => {
  // In `.env` PORT is the gateway's, and both may run on this host.
  const settings = readSettings({ ...env, PORT: envWithoutFile.PORT }, 'worker');
  leaving.patience(settings.shutdownMs);
  const { port, host } = settings;

  await using scope = new Scope();
  const log = openStandardLog(scope, settings.logLevel);
  const serving = { scope, settings, leaving, log };
  const platform = await openServed(serving, required(settings.redisUrl), ['worker']);
  if (port !== undefined) {
    const starting = sayTakenPort(startProbes(platform, { port, host }, log), port);
    const probes = scope.keep('probes', await leaving.unlessLeft(starting), (p) => p.close());
    void leaving.asked.then(() => probes.drain());
  }
  await serveQueues(serving, platform);
  await leaving.asked;
  return 0;
};
