import { Scope } from '@wxthirdparty/platform';
import { startProbes } from '@wxthirdparty/worker';
import type { Command } from '../command.ts';
import { openStandardLog } from '../log/open-log.ts';
import { readSettings, required } from '../read-settings.ts';
import { openServedPlatform, serveQueues } from '../serve.ts';
import { explainUnusablePort } from '../unusable-port.ts';

export const worker: Command = async ({ env, envWithoutFile, shutdown }) => {
  // In `.env` PORT belongs to the gateway, which may run on the same host.
  const settings = readSettings({ ...env, PORT: envWithoutFile.PORT }, 'worker');
  shutdown.setTimeoutMs(settings.shutdownMs);
  const { port, host } = settings;

  await using scope = new Scope();
  const log = openStandardLog(scope, settings.logLevel);
  const serving = { scope, settings, shutdown, log };
  const { platform, answerMetrics } = await openServedPlatform(serving, required(settings.redisUrl), ['worker']);
  if (port !== undefined) {
    const starting = explainUnusablePort(startProbes(platform, { port, host, answerMetrics }, log), port);
    const probes = scope.keep('probes', await shutdown.unlessReceived(starting), (p) => p.close());
    void platform.announcePort(probes.port);
    void shutdown.received.then(() => probes.drain());
  }
  await serveQueues(serving, platform);
  await shutdown.received;
  return 0;
};
