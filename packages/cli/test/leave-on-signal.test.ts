import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';

/** A process that leaves as slowly as it is told to. */
function leaving({ drainMs = 0, patienceMs = 10_000 } = {}) {
  const module = new URL('../src/leave-on-signal.ts', import.meta.url).href;
  const code = `
    const { leaveOnSignal } = await import(${JSON.stringify(module)});
    const leaving = leaveOnSignal();
    leaving.patience(${patienceMs});
    setInterval(() => {}, 1000);
    console.log('up');
    await leaving.asked;
    console.log('draining');
    setTimeout(() => process.exit(0), ${drainMs});
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let heard = '';
  child.stdout!.on('data', (chunk) => {
    heard += chunk;
  });
  const gone = once(child, 'exit').then(([code, signal]) => code ?? signal);
  return { child, gone, says: (word: string) => expect.poll(() => heard).toContain(word) };
}

it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('the first %s drains', async (signal) => {
  const { child, gone, says } = leaving();
  await says('up');
  child.kill(signal);
  expect(await gone).toBe(0);
});

it('the second leaves at once', async () => {
  const { child, gone, says } = leaving({ drainMs: 60_000 });
  await says('up');
  child.kill('SIGINT');
  await says('draining');
  child.kill('SIGTERM');
  expect(await gone).toBe(143);
});

it("the starter's word is no second signal, whichever comes first", async () => {
  for (const [first, second] of [
    ['SIGTERM', 'SIGHUP'],
    ['SIGHUP', 'SIGTERM'],
  ] as const) {
    const { child, gone, says } = leaving({ drainMs: 300 });
    await says('up');
    child.kill(first);
    child.kill(second);
    expect(await gone).toBe(0);
  }
});

it('insisting after the starter asked leaves at once', async () => {
  const { child, gone, says } = leaving({ drainMs: 60_000 });
  await says('up');
  child.kill('SIGHUP');
  await says('draining');
  child.kill('SIGINT');
  child.kill('SIGTERM');
  expect([130, 143]).toContain(await gone);
});

it('a drain that takes too long ends, and says so by its code', async () => {
  const { child, gone, says } = leaving({ drainMs: 60_000, patienceMs: 100 });
  await says('up');
  child.kill('SIGTERM');
  expect(await gone).toBe(1);
});

it('the end of the starter is asking, too', async () => {
  const { child, gone, says } = leaving();
  await says('up');
  child.disconnect();
  expect(await gone).toBe(0);
});
