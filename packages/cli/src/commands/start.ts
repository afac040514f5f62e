import { join } from 'node:path';
import { readAlarmWebhooks, Scope } from '@wxthirdparty/platform';
import type { Command } from '../command.ts';
import { openLog } from '../log/log.ts';
import { openLogFile } from '../log/open-log.ts';
import { readSettings, required, type Settings } from '../read-settings.ts';
import { isDemo } from '../requirements.ts';
import { serveNode, serveUntilShutdown, shutdownTimeoutMs } from '../serve.ts';
import { type Hosts, hostsOf } from '../start/addresses.ts';
import { authorizeDemoAccounts } from '../start/authorize-demo-accounts.ts';
import { banner } from '../start/banner.ts';
import { type DataDir, openDataDir } from '../start/data-dir.ts';
import { type DemoAccount, demoBusinesses } from '../start/demo-accounts.ts';
import { startDemoProgram } from '../start/demo-program.ts';
import { type DemoSecrets, demoSecrets } from '../start/demo-secrets.ts';
import { probePort } from '../start/free-port.ts';
import { startOwnRedis } from '../start/own-redis.ts';
import { keepRunningDemo } from '../start/running-demo.ts';
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
  const hosts = hostsOf(given.host);
  const gatewayUrl = `http://${hosts.local}:${port}`;

  const redis =
    given.redisUrl === undefined
      ? scope.keep('redis', await shutdown.unlessReceived(startOwnRedis(dataDir)), (r) => r.stop())
      : undefined;

  const secrets = isDemo(env) ? demoSecrets(dataDir.path) : undefined;
  const businesses = secrets && given.demoTraffic ? demoBusinesses(secrets.component.appid) : undefined;
  const simulator = secrets
    ? scope.keep(
        'simulator',
        await shutdown.unlessReceived(
          startDemo(scope, dataDir, secrets, {
            ...{ gatewayUrl, host: given.host, hosts },
            busyAccounts: Object.values(businesses ?? {}),
          }),
        ),
        (s) => s.stop(),
      )
    : undefined;
  const settings = secrets && simulator ? forDemo(given, secrets, simulator, `http://${hosts.browser}:${port}`) : given;

  if (simulator) keepRunningDemo(dataDir.path, settings);

  const redisUrl = redis?.url ?? required(given.redisUrl);
  const serving = { scope, settings, shutdown, log };
  const { gateway, platform } = await serveNode(serving, redisUrl, port);

  const demo =
    secrets && simulator
      ? { secrets, simulator, apiKey: required(settings.apiKey), publicUrl: required(settings.publicUrl) }
      : undefined;
  if (demo) {
    const { apiKey } = demo;
    const { accounts } = demo.secrets;
    const simulatorUrl = demo.simulator.url;
    await shutdown.unlessReceived(
      authorizeDemoAccounts({ gatewayUrl, simulatorUrl, apiKey, accounts, logs: dataDir.logs }),
    );
  }
  if (demo && businesses) {
    const program = startDemoProgram({
      ...{ gatewayUrl, simulatorUrl: demo.simulator.url, apiKey: demo.apiKey, businesses },
      component: demo.secrets.component.appid,
      file: join(dataDir.path, 'demo-program.json'),
    });
    scope.keep('demo program', await program, (p) => p.close());
  }
  console.log(
    banner({
      gatewayUrl,
      redis: redis ? `own server on port ${redis.port}` : 'REDIS_URL',
      logs: dataDir.logs,
      admin: { ...settings.admin, isMade: given.admin.password === undefined },
      status: statusLines(await platform.status(), settings.publicUrl),
      ...(demo && {
        demo: {
          simulatorUrl: demo.simulator.url,
          consentUrl: `${demo.publicUrl}/authorize/${demo.secrets.component.appid}`,
          pagesUrl: settings.wechat.mpBase,
          apiKey: demo.apiKey,
          appid: demo.secrets.accounts[0].appid,
          secretsFile: join(dataDir.path, 'demo.json'),
          accounts: demo.secrets.accounts.length + Object.keys(businesses ?? {}).length,
        },
      }),
    }),
  );
  return await serveUntilShutdown(serving, gateway);
};

function startDemo(
  scope: Scope,
  dataDir: DataDir,
  secrets: DemoSecrets,
  {
    busyAccounts,
    ...place
  }: {
    readonly gatewayUrl: string;
    readonly host: string;
    readonly hosts: Hosts;
    readonly busyAccounts: readonly DemoAccount[];
  },
): Promise<SimulatorChild> {
  const path = join(dataDir.logs, 'simulator.log');
  return startSimulator({ path, lines: openLogFile(scope, path) }, secrets, busyAccounts, place);
}

/** Programs that try the demo run on the same machine. */
const LOOPBACK = ['127.0.0.0/8', '::1/128'];

/**
 * The demo fills in what the environment does not set; its simulated WeChat replaces the real one. `browserUrl`: where browsers
 * reach the gateway.
 */
function forDemo(given: Settings, secrets: DemoSecrets, simulator: SimulatorChild, browserUrl: string): Settings {
  const pagesBase = pagesBaseOf(given.publicUrl, simulator.pagesUrl);
  return {
    ...given,
    components: [secrets.component],
    publicUrl: given.publicUrl ?? browserUrl,
    wechat: { apiBases: [simulator.url], mpBase: pagesBase, openBase: pagesBase },
    deliveryNets: given.deliveryNets.length > 0 ? given.deliveryNets : LOOPBACK,
    alarms: given.alarms.channels.length > 0 ? given.alarms : { ...given.alarms, channels: robotsOf(simulator) },
    secretsKeys: given.secretsKeys.length > 0 ? given.secretsKeys : [Buffer.from(secrets.secretsKey, 'base64')],
    apiKey: given.apiKey ?? secrets.apiKey,
    admin: { ...given.admin, password: given.admin.password ?? secrets.adminPassword },
  };
}

/** The simulator plays the robot of a 企业微信 group, too. */
function robotsOf({ url }: SimulatorChild): Settings['alarms']['channels'] {
  const read = readAlarmWebhooks(`wecom+${url}/_robots/wecom/cgi-bin/webhook/send?key=demo`);
  return 'channels' in read ? [...read.channels] : [];
}

/**
 * Where browsers reach the simulated WeChat. A PUBLIC_URL with the name of this machine is a name of the simulator, too; one of
 * a proxy with HTTPS is not.
 */
function pagesBaseOf(publicUrl: string | undefined, pagesUrl: string): string {
  const url = new URL(pagesUrl);
  const given = publicUrl === undefined ? undefined : new URL(publicUrl);
  if (given?.protocol !== 'http:') return pagesUrl;
  return `http://${given.hostname}:${url.port}`;
}
