import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Failure } from '@wxthirdparty/wechat';
import { simulatorScript } from '../installation.ts';
import type { Hosts } from './addresses.ts';
import type { DemoAccount } from './demo-accounts.ts';
import type { DemoSecrets } from './demo-secrets.ts';

export interface SimulatorChild {
  /** For programs on this machine. */
  readonly url: string;
  /** For browsers, which WeChat's pages are for. */
  readonly pagesUrl: string;
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 2_000;

/**
 * A simulated WeChat in a child process, which listens like the gateway and pushes to `gatewayUrl`. `busyAccounts`: accounts whose
 * users act by themselves.
 */
export async function startSimulator(
  log: { readonly path: string; readonly lines: { write(text: string): void } },
  { component, accounts }: DemoSecrets,
  busyAccounts: readonly DemoAccount[],
  { gatewayUrl, host, hosts }: { readonly gatewayUrl: string; readonly host: string; readonly hosts: Hosts },
): Promise<SimulatorChild> {
  const settings = {
    port: 0,
    host,
    // Its control API knows every secret of the demo.
    controlFrom: 'this-machine',
    components: [
      {
        ...component,
        eventUrl: `${gatewayUrl}/wechat/${component.appid}/events`,
        messageUrl: `${gatewayUrl}/wechat/${component.appid}/messages/$APPID$`,
      },
    ],
    accounts: [...accounts, ...busyAccounts],
    ...(busyAccounts.length > 0 && {
      demoUsers: { appids: busyAccounts.map(({ appid }) => appid), callFailures: true },
    }),
  };
  const child = spawn(process.execPath, [simulatorScript], {
    // A process group of its own: the terminal's Ctrl-C must not reach it; this process stops it.
    detached: true,
    // Its input stays open until this process ends; the simulator ends with it.
    stdio: ['pipe', 'pipe', 'pipe'],
    // Nothing else of the environment, whose PORT and HOST belong to the gateway.
    env: { SIMULATOR_SETTINGS: JSON.stringify(settings), SIMULATOR_EXIT_WITH_PARENT: '1' },
  });
  // By lines, since the file may be rotated between any two writes.
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on('line', (line) => log.lines.write(`${line}\n`));
  }
  child.stdin.on('error', () => {});
  const stop = () => stopChild(child);
  try {
    const port = await listening(child, log.path);
    return { url: `http://${hosts.local}:${port}`, pagesUrl: `http://${hosts.browser}:${port}`, stop };
  } catch (failure) {
    await stop();
    throw failure;
  }
}

function listening(child: ChildProcess, file: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = () =>
      reject(
        new Failure('simulator_not_starting', 'operator', `The simulator does not start; ${file} contains the reason.`),
      );
    const timer = setTimeout(fail, START_TIMEOUT_MS);
    child.once('exit', fail);
    child.once('error', fail);
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const port = /listening on http:\/\/\S+:(\d+)/.exec(line)?.[1];
      if (port === undefined) return;
      clearTimeout(timer);
      child.off('exit', fail);
      resolve(Number(port));
    });
  });
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.stdin?.end();
  const killing = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(killing);
}
