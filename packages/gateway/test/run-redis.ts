import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';

interface RunningRedis {
  readonly port: number;
  stop(): Promise<void>;
}

/** A Redis of the test's own, in memory only. Another process may take a free port before the server does. */
export async function runRedis(): Promise<RunningRedis> {
  for (let tries = 0; tries < 5; tries++) {
    const running = await runOn(await freePort());
    if (running !== undefined) return running;
  }
  throw new Error('redis-server does not start.');
}

/** Undefined if the server ends. */
async function runOn(port: number): Promise<RunningRedis | undefined> {
  const server = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const exited = once(server, 'exit');
  let output = '';
  for await (const line of server.stdout.iterator({ destroyOnReturn: false })) {
    output += line;
    if (output.includes('Ready to accept connections')) break;
  }
  if (!output.includes('Ready to accept connections')) return undefined;
  server.stdout.resume();
  return {
    port,
    stop: async () => {
      server.kill();
      await exited;
    },
  };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
