import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';

/** A process whose shutdown takes `drainMs`. */
function drainingProcess({ drainMs = 0, timeoutMs = 10_000 } = {}) {
  const module = new URL('../src/shutdown-on-signal.ts', import.meta.url).href;
  const code = `
    const { shutdownOnSignal } = await import(${JSON.stringify(module)});
    const shutdown = shutdownOnSignal();
    shutdown.setTimeoutMs(${timeoutMs});
    setInterval(() => {}, 1000);
    console.log('up');
    await shutdown.received;
    console.log('draining');
    setTimeout(() => process.exit(0), ${drainMs});
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let output = '';
  child.stdout!.on('data', (chunk) => {
    output += chunk;
  });
  const gone = once(child, 'exit').then(([code, signal]) => code ?? signal);
  return { child, gone, says: (word: string) => expect.poll(() => output).toContain(word) };
}

it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('the first %s starts the shutdown', async (signal) => {
  const { child, gone, says } = drainingProcess();
  await says('up');
  child.kill(signal);
  expect(await gone).toBe(0);
});

it('the second signal ends the process at once', async () => {
  const { child, gone, says } = drainingProcess({ drainMs: 60_000 });
  await says('up');
  child.kill('SIGINT');
  await says('draining');
  child.kill('SIGTERM');
  expect(await gone).toBe(143);
});

it('SIGHUP from the bootstrap is not a second signal, before or after the first one', async () => {
  for (const [first, second] of [
    ['SIGTERM', 'SIGHUP'],
    ['SIGHUP', 'SIGTERM'],
  ] as const) {
    const { child, gone, says } = drainingProcess({ drainMs: 300 });
    await says('up');
    child.kill(first);
    child.kill(second);
    expect(await gone).toBe(0);
  }
});

it('two signals after SIGHUP from the bootstrap end the process at once', async () => {
  const { child, gone, says } = drainingProcess({ drainMs: 60_000 });
  await says('up');
  child.kill('SIGHUP');
  await says('draining');
  child.kill('SIGINT');
  child.kill('SIGTERM');
  expect([130, 143]).toContain(await gone);
});

it('a shutdown that exceeds its timeout ends with code 1', async () => {
  const { child, gone, says } = drainingProcess({ drainMs: 60_000, timeoutMs: 100 });
  await says('up');
  child.kill('SIGTERM');
  expect(await gone).toBe(1);
});

it('the end of the bootstrap requests a shutdown', async () => {
  const { child, gone, says } = drainingProcess();
  await says('up');
  child.disconnect();
  expect(await gone).toBe(0);
});

it('a part that fails requests the shutdown, and the first reason is reported', async () => {
  const module = new URL('../src/shutdown-on-signal.ts', import.meta.url).href;
  const code = `
    const { shutdownOnSignal } = await import(${JSON.stringify(module)});
    const shutdown = shutdownOnSignal();
    const start = shutdown.unlessReceived(new Promise(() => {})).catch(({ name }) => name);
    shutdown.fail(new Error('the database is newer'));
    shutdown.fail(new Error('another reason'));
    await shutdown.received;
    console.log(await start, shutdown.failure.reason.message);
    process.exit(0);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  expect(await once(child, 'close')).toEqual([0, null]);
  expect(output.trim()).toBe('StartInterrupted the database is newer');
});
