import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';

const module = new URL('./ends-with-us.ts', import.meta.url).href;

/** A process as that of the tests, and the two that it started; one of them has ended. */
async function tests() {
  const code = `
    import { spawn } from 'node:child_process';
    import { once } from 'node:events';
    const { endsWithUs } = await import(${JSON.stringify(module)});
    const [server, ended] = [spawn('sleep', ['600']), spawn('true')];
    for (const child of [server, ended]) endsWithUs(child);
    await once(ended, 'exit');
    console.log(server.pid);
    await new Promise(() => setInterval(() => {}, 60_000));
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  const line = await new Promise<string>((resolve) => createInterface(child.stdout).once('line', resolve));
  return { group: child.pid!, server: Number(line) };
}

function runs(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

it.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)('the servers of tests end with them after %s', async (signal) => {
  const { group, server } = await tests();
  expect(runs(server)).toBe(true);
  process.kill(group, signal);
  await expect.poll(() => runs(server)).toBe(false);
});
