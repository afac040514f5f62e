import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { KEY } from './open-simulator.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const DEMO = {
  PORT: '0',
  WX_COMPONENT_APPID: 'wx0123456789abcdef',
  WX_COMPONENT_APPSECRET: 's',
  WX_TOKEN: 'practisetoken',
  WX_ENCODING_AES_KEY: KEY,
  // No process listens on port 9: the first ticket is pushed repeatedly until the process ends.
  WXTHIRDPARTY_URL: 'http://127.0.0.1:9',
};

function start(env: Record<string, string>) {
  const child = spawn(process.execPath, [MAIN], { env, stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
  const line = new Promise<string>((resolve) => createInterface({ input: child.stdout }).once('line', resolve));
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  return { child, ended, line, errors: () => errors };
}

test.each(['SIGTERM', 'SIGINT'] as const)('a process listens and ends on %s', async (signal) => {
  const { child, ended, line } = start(DEMO);
  const url = /^simulator listening on (http:\/\/127\.0\.0\.1:\d+)$/.exec(await line)?.[1];
  const state = (await (await fetch(`${url}/_control/state`)).json()) as { accounts: object[] };
  expect(state.accounts).toMatchObject([
    { appid: 'wx00000000000000a1', nickName: '演示服务号', followers: 25 },
    { appid: 'wx00000000000000b2', nickName: '演示小程序' },
  ]);
  child.kill(signal);
  expect(await ended).toEqual([0, null]);
});

test('a process ends with its parent', async () => {
  const { child, ended, line } = start({ ...DEMO, SIMULATOR_EXIT_WITH_PARENT: '1' });
  await line;
  child.stdin.end();
  expect(await ended).toEqual([0, null]);
});

test('the port of the settings takes precedence over PORT', async () => {
  const settings = JSON.stringify({ port: 0, components: [], accounts: [] });
  const { child, ended, line } = start({ SIMULATOR_SETTINGS: settings, PORT: '1' });
  expect(await line).toMatch(/^simulator listening on/);
  child.kill();
  await ended;
});

test.each([
  [{}, 'WX_COMPONENT_APPID is missing'],
  [{ ...DEMO, WX_TOKEN: '!' }, 'WX_TOKEN must be 3 to 32 letters or digits'],
  [{ ...DEMO, WX_ENCODING_AES_KEY: 'x' }, 'WX_ENCODING_AES_KEY must be 43 letters or digits'],
  [{ ...DEMO, PORT: 'x' }, 'PORT must be a port number'],
  [{ SIMULATOR_SETTINGS: '{' }, 'SIMULATOR_SETTINGS is not JSON'],
  [{ SIMULATOR_SETTINGS: '{"components":[]}' }, 'SIMULATOR_SETTINGS: accounts must be a list'],
  [{ SIMULATOR_SETTINGS_FILE: '/nowhere' }, 'SIMULATOR_SETTINGS_FILE cannot be read'],
])('settings %j end the process with a sentence', async (env, sentence) => {
  const { ended, errors } = start(env as Record<string, string>);
  expect(await ended).toEqual([2, null]);
  expect(errors()).toContain(sentence);
  expect(errors().trim().split('\n')).toHaveLength(1);
});
