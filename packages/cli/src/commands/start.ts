import { join } from 'node:path';
import { Scope } from '@wxthirdparty/platform';
import type { Command } from '../command.ts';
import { openLog } from '../log/log.ts';
import { openLogFile } from '../log/open-log.ts';
import { readSettings, required, type Settings } from '../read-settings.ts';
import { isDemo } from '../requirements.ts';
import { serveNode, serveUntilAsked, shutdownTimeoutMs } from '../serve.ts';
import { banner } from '../start/banner.ts';
import { type DataDir, openDataDir } from '../start/data-dir.ts';
import { type DemoSecrets, demoSecrets } from '../start/demo-secrets.ts';
import { enrol } from '../start/enrol.ts';
import { probePort } from '../start/free-port.ts';
import { startOwnRedis } from '../start/own-redis.ts';
import { type SimulatorChild, startSimulator } from '../start/simulator-child.ts';
import { statusLines } from '../start/status-lines.ts';
import { sayTakenPort } from '../taken-port.ts';

/** A node beside its own Redis and, in demo mode, beside a simulated WeChat. */
export const start: Command = async ({ env, leaving }) => {
  const given = readSettings(env, 'start');
  leaving.patience(shutdownTimeoutMs(given));
  await using scope = new Scope();
  const dataDir = scope.keep('data folder', openDataDir(given.dataDir), (d) => d.release());
  const log = openLog(given.logLevel, openLogFile(scope, join(dataDir.logs, 'wxthirdparty.log')));
  // Now, because everything else takes longer; and the simulator must know it before the gateway listens.
  const port = await sayTakenPort(probePort(given.host, required(given.port)), required(given.port));
  const gatewayUrl = `http://${addressFor(given.host)}:${port}`;

  const redis =
    given.redisUrl === undefined
      ? scope.keep('redis', await leaving.unlessLeft(startOwnRedis(dataDir)), (r) => r.stop())
      : undefined;

  const secrets = isDemo(env) ? demoSecrets(dataDir.path) : undefined;
  const simulator = secrets
    ? scope.keep('simulator', await leaving.unlessLeft(startDemo(scope, dataDir, secrets, gatewayUrl)), (s) => s.stop())
    : undefined;
  const settings = secrets && simulator ? forDemo(given, secrets, simulator.url) : given;

  const redisUrl = redis?.url ?? required(given.redisUrl);
  const serving = { scope, settings, leaving, log };
  const { gateway, platform } = await serveNode(serving, redisUrl, port);

  const demo =
    secrets && simulator ? { secrets, simulatorUrl: simulator.url, apiKey: required(settings.apiKey) } : undefined;
  if (demo) {
    const { simulatorUrl, apiKey } = demo;
    const { accounts } = demo.secrets;
    await leaving.unlessLeft(enrol({ gatewayUrl, simulatorUrl, apiKey, accounts, logs: dataDir.logs }));
  }
  console.log(
    banner({
      gatewayUrl,
      redis: redis ? `its own, on port ${redis.port}` : 'the one that REDIS_URL names',
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
  return await serveUntilAsked(serving, gateway);
};

function startDemo(scope: Scope, dataDir: DataDir, secrets: DemoSecrets, gatewayUrl: string): Promise<SimulatorChild> {
  const path = join(dataDir.logs, 'simulator.log');
  return startSimulator({ path, lines: openLogFile(scope, path) }, secrets, gatewayUrl);
}

/** What the environment says stays; the demo fills in the rest, and its WeChat takes the place of the real one. */
function forDemo(given: Settings, secrets: DemoSecrets, simulatorUrl: string): Settings {
  return {
    ...given,
    components: [secrets.component],
    wechat: { apiBases: [simulatorUrl], mpBase: simulatorUrl, openBase: simulatorUrl },
    secretsKeys: given.secretsKeys.length > 0 ? given.secretsKeys : [Buffer.from(secrets.secretsKey, 'base64')],
    apiKey: given.apiKey ?? secrets.apiKey,
    admin: { ...given.admin, password: given.admin.password ?? secrets.adminPassword },
  };
}

/** One that listens everywhere is asked on this machine. */
function addressFor(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
