import { join } from 'node:path';
import { Scope } from '@wxthirdparty/platform';
import type { Command } from '../command.ts';
import { openLog } from '../log/log.ts';
import { openLogFile } from '../log/open-log.ts';
import { readSettings, required, type Settings } from '../read-settings.ts';
import { isDemo } from '../requirements.ts';
import { serveNode, serveUntilShutdown, shutdownTimeoutMs } from '../serve.ts';
import { authorizeDemoAccounts } from '../start/authorize-demo-accounts.ts';
import { banner } from '../start/banner.ts';
import { type DataDir, openDataDir } from '../start/data-dir.ts';
import { type DemoSecrets, demoSecrets } from '../start/demo-secrets.ts';
import { probePort } from '../start/free-port.ts';
import { startOwnRedis } from '../start/own-redis.ts';
import { type SimulatorChild, startSimulator } from '../start/simulator-child.ts';
import { statusLines } from '../start/status-lines.ts';
import { explainUnusablePort } from '../unusable-port.ts';

/** A node with its own Redis and, in demo mode, with a simulated WeChat. */
export const start: Command = async ({ env, shutdown }) => {
  const given = readSettings(env, 'start');
  shutdown.setTimeoutMs(shutdownTimeoutMs(given));
  await using scope = new Scope();
  const dataDir = scope.keep('data folder', openDataDir(given.dataDir), (d) => d.release());
  const log = openLog(given.logLevel, openLogFile(scope, join(dataDir.logs, 'wxthirdparty.log')));
  // First, because a used port must fail fast, and because the simulator needs the URL before the gateway listens.
  const port = await explainUnusablePort(probePort(given.host, required(given.port)), required(given.port));
  const gatewayUrl = `http://${addressFor(given.host)}:${port}`;

  const redis =
    given.redisUrl === undefined
      ? scope.keep('redis', await shutdown.unlessReceived(startOwnRedis(dataDir)), (r) => r.stop())
      : undefined;

  const secrets = isDemo(env) ? demoSecrets(dataDir.path) : undefined;
  const simulator = secrets
    ? scope.keep('simulator', await shutdown.unlessReceived(startDemo(scope, dataDir, secrets, gatewayUrl)), (s) =>
        s.stop(),
      )
    : undefined;
  const settings = secrets && simulator ? forDemo(given, secrets, simulator.url) : given;

  const redisUrl = redis?.url ?? required(given.redisUrl);
  const serving = { scope, settings, shutdown, log };
  const { gateway, platform } = await serveNode(serving, redisUrl, port);

  const demo =
    secrets && simulator ? { secrets, simulatorUrl: simulator.url, apiKey: required(settings.apiKey) } : undefined;
  if (demo) {
    const { simulatorUrl, apiKey } = demo;
    const { accounts } = demo.secrets;
    await shutdown.unlessReceived(
      authorizeDemoAccounts({ gatewayUrl, simulatorUrl, apiKey, accounts, logs: dataDir.logs }),
    );
  }
  console.log(
    banner({
      gatewayUrl,
      redis: redis ? `own server on port ${redis.port}` : 'REDIS_URL',
      logs: dataDir.logs,
      admin: settings.admin,
      status: statusLines(await platform.status(), settings.publicUrl),
      ...(demo && {
        demo: {
          simulatorUrl: demo.simulatorUrl,
          apiKey: demo.apiKey,
          appid: demo.secrets.accounts[0].appid,
          secretsFile: join(dataDir.path, 'demo.json'),
        },
      }),
    }),
  );
  return await serveUntilShutdown(serving, gateway);
};

function startDemo(scope: Scope, dataDir: DataDir, secrets: DemoSecrets, gatewayUrl: string): Promise<SimulatorChild> {
  const path = join(dataDir.logs, 'simulator.log');
  return startSimulator({ path, lines: openLogFile(scope, path) }, secrets, gatewayUrl);
}

/** Programs that try the demo run on the same machine. */
const LOOPBACK = ['127.0.0.0/8', '::1/128'];

/** The demo fills in what the environment does not set; its simulated WeChat replaces the real one. */
function forDemo(given: Settings, secrets: DemoSecrets, simulatorUrl: string): Settings {
  return {
    ...given,
    components: [secrets.component],
    wechat: { apiBases: [simulatorUrl], mpBase: simulatorUrl, openBase: simulatorUrl },
    deliveryNets: given.deliveryNets.length > 0 ? given.deliveryNets : LOOPBACK,
    secretsKeys: given.secretsKeys.length > 0 ? given.secretsKeys : [Buffer.from(secrets.secretsKey, 'base64')],
    apiKey: given.apiKey ?? secrets.apiKey,
    admin: { ...given.admin, password: given.admin.password ?? secrets.adminPassword },
  };
}

/** The address at which this machine reaches a gateway that listens on `host`. */
function addressFor(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
