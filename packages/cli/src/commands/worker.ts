import { openPlatform, Scope } from '@wxthirdparty/platform';
import { startProbes, startWorkers } from '@wxthirdparty/worker';
import type { Command } from '../command.ts';
import { openLog } from '../log.ts';
import { logHosts } from '../log-hosts.ts';
import { drainMs, platformSettings } from '../part-settings.ts';
import { readSettings, required } from '../settings.ts';
import { keepYoungHeapSmall } from '../small-young-heap.ts';
import { sayTakenPort } from '../taken-port.ts';

export const worker: Command = async ({ env, leaving }) => {
  const settings = readSettings(env, 'worker');
  leaving.patience(settings.shutdownMs);
  keepYoungHeapSmall();
  const log = openLog(settings.logLevel);
  const { port, host, workerConcurrency: concurrency } = settings;

  await using scope = new Scope();
  const opening = openPlatform(platformSettings(settings, required(settings.redisUrl)));
  const platform = scope.keep('platform', await leaving.unlessLeft(opening), (p) => p.close());
  logHosts(platform, log);

  if (port !== undefined) {
    const starting = sayTakenPort(startProbes(platform, { port, host }, log), port);
    const probes = scope.keep('probes', await leaving.unlessLeft(starting), (p) => p.close());
    void leaving.asked.then(() => probes.drain());
  }
  const workers = startWorkers(platform, { concurrency, shutdownMs: drainMs(settings, 1) }, log);
  scope.keep('workers', await leaving.unlessLeft(workers), (w) => w.close(), settings.shutdownMs);
  await leaving.asked;
  return 0;
};
