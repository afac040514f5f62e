import type { RequestListener } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { type GatewaySettings, startGateway } from '@wxthirdparty/gateway';
import { openPlatform, type Platform, type ProcessRole, type Scope } from '@wxthirdparty/platform';
import { countActivity, logEvents, metricsEndpoint, openMetrics, startAlarms } from '@wxthirdparty/telemetry';
import { startWorkers } from '@wxthirdparty/worker';
import type { Logger } from 'pino';
import { logClock } from './log/log-clock.ts';
import { logDatabaseConnections } from './log/log-database-connections.ts';
import { logRedis } from './log/log-redis.ts';
import { gatewaySettings, platformSettings, shutdownShareMs } from './part-settings.ts';
import type { Settings } from './read-settings.ts';
import type { ShutdownRequest } from './shutdown-on-signal.ts';
import { explainUnusablePort } from './unusable-port.ts';

/** What every serving process needs. */
export interface Serving {
  readonly scope: Scope;
  readonly settings: Settings;
  readonly shutdown: ShutdownRequest;
  readonly log: Logger;
}

/** The share of its time after which a gateway answers waiting callers (start-gateway.ts); then jobs end, too. */
const JOBS_CONTINUE_SHARE = 0.2;

/** What a process has opened before it serves. */
export interface Served {
  readonly platform: Platform;
  readonly answerMetrics: RequestListener;
}

/** The platform of this process, closed last. */
export async function openServedPlatform(
  { scope, settings, shutdown, log }: Serving,
  redisUrl: string,
  roles: readonly ProcessRole[],
): Promise<Served> {
  const opening = openPlatform(platformSettings(settings, redisUrl, roles));
  const platform = scope.keep('platform', await shutdown.unlessReceived(opening), (p) => p.close());
  logEvents(platform.events, log);
  const metrics = scope.keep(
    'metrics',
    openMetrics({ ...platform, roles, queues: platform.queues.map(({ queue }) => queue.name) }),
    (m) => m.close(),
  );
  void platform.unusable.then((reason) => shutdown.fail(reason));
  scope.keep('activity', countActivity(platform.events, platform.activity), (a) => a.close());
  const { dataDir, publicUrl } = settings;
  scope.keep('alarms', startAlarms(platform, { dataDir, publicUrl }), (a) => a.close());
  // Redis or the database may have failed meanwhile; then the next start reports it.
  await Promise.all([logClock(platform, log), logRedis(platform, log), logDatabaseConnections(platform, log)]).catch(
    () => {},
  );
  return { platform, answerMetrics: metricsEndpoint(metrics, platform.events, settings.metricsToken) };
}

/** Runs the queues in this process. */
export async function serveQueues(
  { scope, settings, shutdown, log }: Serving,
  platform: Platform,
  shutdownMs = shutdownShareMs(settings),
) {
  const { workerConcurrency: concurrency, inlineConcurrency, laneConcurrency } = settings;
  const starting = startWorkers(platform, { concurrency, inlineConcurrency, laneConcurrency, shutdownMs }, log);
  return scope.keep('workers', await shutdown.unlessReceived(starting), (w) => w.close(), settings.shutdownMs);
}

/** Listens. `alongside`: workers of this process, which the gateway's last callers still need for a moment. */
export async function serveGateway(
  { scope, settings, shutdown, log }: Serving,
  { platform, answerMetrics }: Served,
  options: { readonly port: number; readonly alongside?: { close(): Promise<void> } },
) {
  const given: GatewaySettings = {
    ...gatewaySettings(settings, options.port, shutdownShareMs(settings)),
    answerMetrics,
  };
  const starting = explainUnusablePort(startGateway(platform, given, log), options.port);
  const gateway = await shutdown.unlessReceived(starting);
  void platform.announcePort(gateway.port);
  const close = async () => {
    const closing = gateway.close();
    const jobsEnd = options.alongside
      ? Promise.race([closing, pause(given.shutdownMs * JOBS_CONTINUE_SHARE, undefined, { ref: false })]).then(() =>
          options.alongside?.close(),
        )
      : undefined;
    await Promise.all([closing, jobsEnd]);
  };
  return scope.keep('gateway', gateway, close, settings.shutdownMs);
}

/** Gateway and worker in this process, against one Redis and one database: the unit of scale. */
export async function serveNode(serving: Serving, redisUrl: string, port: number) {
  const served = await openServedPlatform(serving, redisUrl, ['gateway', 'worker']);
  const { platform } = served;
  const jobsMs = shutdownShareMs(serving.settings) * (1 - JOBS_CONTINUE_SHARE);
  const workers = await serveQueues(serving, platform, jobsMs);
  const gateway = await serveGateway(serving, served, { port, alongside: workers });
  return { platform, gateway };
}

/**
 * Serves until a shutdown is requested. Then `/readyz` answers 503 while everything still works, for as long as the load
 * balancer needs to notice (DRAIN_MS); afterwards the caller's scope closes all parts.
 */
export async function serveUntilShutdown(
  { shutdown, settings, log }: Pick<Serving, 'shutdown' | 'settings' | 'log'>,
  ...parts: readonly { drain(): void }[]
): Promise<number> {
  await shutdown.received;
  for (const part of parts) part.drain();
  if (settings.drainMs > 0 && parts.length > 0) {
    log.info({ drainMs: settings.drainMs }, 'draining: /readyz answers 503, requests are still served');
    await pause(settings.drainMs);
  }
  return 0;
}

/** How long the process may take to end after a signal. */
export function shutdownTimeoutMs({ drainMs, shutdownMs }: Settings): number {
  return drainMs + shutdownMs;
}
