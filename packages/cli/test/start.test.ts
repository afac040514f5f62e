import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { root } from '../src/root.ts';
import { hostsOf } from '../src/start/addresses.ts';

let folder: string;
const running: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wx-start-'));
});
afterEach(async () => {
  for (const child of running.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
});

/** The real command, without the settings of this machine. */
function command(args: string[], env: NodeJS.ProcessEnv) {
  const child = spawn(process.execPath, [join(root, 'packages/cli/src/main.ts'), ...args], {
    env: {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      ...{ WX_COMPONENT_APPID: '', WX_COMPONENTS_FILE: '', REDIS_URL: '', PORT: '0', DEMO_TRAFFIC: 'false', ...env },
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.push(child);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }));
  return { child, ended, stdout: () => stdout };
}

describe('a start that fails gives its reason in one sentence without a stack', () => {
  const sentence = async (env: NodeJS.ProcessEnv) => {
    const { code, stderr, stdout } = await command(['start'], env).ended;
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr.trim().split('\n')).toHaveLength(1);
    return stderr;
  };

  it('a data folder that cannot be made', async () => {
    writeFileSync(join(folder, 'file'), '');
    expect(await sentence({ DATA_DIR: join(folder, 'file', 'data') })).toMatch(
      /data folder .* cannot be written.*DATA_DIR/,
    );
  });

  it('a taken port', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const reason = await sentence({ DATA_DIR: folder, PORT: String(port) });
    expect(reason).toContain(`Port ${port} is taken by another program`);
    server.close();
  });

  it('a missing SECRETS_KEY, outside demo mode', async () => {
    const component = {
      WX_COMPONENT_APPID: 'wx0123456789abcdef',
      WX_COMPONENT_APPSECRET: 'secret',
      WX_TOKEN: 'token123',
      WX_ENCODING_AES_KEY: 'k'.repeat(43),
    };
    expect(await sentence({ DATA_DIR: folder, SECRETS_KEY: '', ...component })).toMatch(/SECRETS_KEY is missing/);
  });

  it('damaged demo secrets', async () => {
    writeFileSync(join(folder, 'demo.json'), '{"component":');
    expect(await sentence({ DATA_DIR: folder })).toMatch(/demo.json is damaged/);
  });
});

it('an unknown command is refused with a list of the commands', async () => {
  const { code, stderr } = await command(['fly'], {}).ended;
  expect(code).toBe(2);
  expect(stderr).toMatch(/^There is no command "fly"\. The commands are: start, node, gateway, worker, .*\n$/);
});

it('without a command, help is printed', async () => {
  const { code, stdout } = await command([], {}).ended;
  expect(code).toBe(0);
  expect(stdout).toContain('Usage: npm run wxthirdparty -- COMMAND');
});

it('help COMMAND and COMMAND --help print the usage of the command, an alias that of its command', async () => {
  const [first, second, alias] = await Promise.all(
    [
      ['help', 'sync'],
      ['sync', '--help'],
      ['reseal', '--help'],
    ].map((args) => command(args, {}).ended),
  );
  expect(first).toMatchObject({ code: 0, stderr: '' });
  expect(first!.stdout).toMatch(/^Usage: npm run wxthirdparty -- sync APPID \[--no-details\] \[--component APPID\]\n/);
  expect(second).toEqual(first);
  expect(alias!.stdout).toMatch(/^Usage: npm run wxthirdparty -- rotate-secrets\n/);
});

it('arguments that a command does not have are refused, with its usage', async () => {
  const [migrate, backup, unknown] = await Promise.all(
    [['migrate', '--dry-run'], ['backup'], ['help', 'fly']].map((args) => command(args, {}).ended),
  );
  expect(migrate).toMatchObject({ code: 2, stdout: '' });
  expect(migrate!.stderr).toMatch(/--dry-run.*\n\nUsage: npm run wxthirdparty -- migrate\n/);
  expect(backup).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/An argument is missing\.\n\nUsage: .* FILE\n/),
  });
  expect(unknown).toMatchObject({ code: 2, stderr: expect.stringMatching(/^There is no command "fly"/) });
});

it('backup prints the command that copies a MySQL or MariaDB database, without its password, and ends with 1', async () => {
  const env = { DATABASE_URL: 'mysql://wx:s3cret@127.0.0.1:3307/shop' };
  const { code, stdout, stderr } = await command(['backup', join(folder, 'copy.sql')], env).ended;
  expect(code).toBe(1);
  expect(stdout).toMatch(/^mariadb-dump .*--host=127\.0\.0\.1 --port=3307 --user=wx --password .*--databases shop\n$/);
  expect(stdout).toContain(`--result-file=${join(folder, 'copy.sql')} `);
  expect(stderr).toMatch(/Nothing was copied yet.*--defaults-extra-file.*SECRETS_KEY/s);
  expect(stdout + stderr).not.toContain('s3cret');
});

it('a command ends when a slow reader has all of its output', async () => {
  const { child, ended } = command(['openapi'], {});
  child.stdout.removeAllListeners('data').pause();
  const chunks: Buffer[] = [];
  for await (const chunk of child.stdout) {
    chunks.push(chunk as Buffer);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const text = Buffer.concat(chunks).toString();
  // More than a pipe holds.
  expect(text.length).toBeGreaterThan(65_536);
  expect(JSON.parse(text)).toMatchObject({ openapi: '3.1.0' });
  expect(await ended).toMatchObject({ code: 0, stderr: '' });
});

it('a command ends without an error when its reader stops reading', async () => {
  const main = join(root, 'packages/cli/src/main.ts');
  const script = '{ "$0" "$1" openapi; echo "code $?" >&2; } | head -c 10';
  const child = spawn('sh', ['-c', script, process.execPath, main], { stdio: ['ignore', 'pipe', 'pipe'] });
  running.push(child);
  const [stdout, stderr] = await Promise.all([child.stdout.toArray(), child.stderr.toArray()]);
  expect(Buffer.concat(stdout).toString()).toHaveLength(10);
  expect(Buffer.concat(stderr).toString()).toBe('code 0\n');
});

it('migrate brings a database up to date once', async () => {
  const env = { DATABASE_URL: `sqlite:${join(folder, 'wx.sqlite')}` };
  expect((await command(['migrate'], env).ended).stdout).toMatch(/^Applied: /);
  expect((await command(['migrate'], env).ended).stdout).toBe('The database is up to date.\n');
});

it('start runs the demo, ends with a complete curl line, uses only its own folder, and ends all of its processes', async () => {
  const first = command(['start'], { DATA_DIR: folder });
  await started(first);
  const demo = readFileSync(join(folder, 'demo.json'), 'utf8');
  expect(statSync(join(folder, 'demo.json')).mode & 0o777).toBe(0o600);

  const line = first.stdout().trimEnd().split('\n').at(-1)!;
  expect(line).toMatch(
    /^curl -s --noproxy '\*' http:\/\/127\.0\.0\.1:\d+\/v1\/authorizers\/wx[0-9a-f]{16}\/calls -H '[^']*' -H '[^']*' -d '[^']*'$/,
  );
  expect(first.stdout().match(/^curl /gm)).toHaveLength(1);
  const pasted = spawn('sh', ['-c', line], { stdio: ['ignore', 'pipe', 'inherit'] });
  const answer = JSON.parse(Buffer.concat(await pasted.stdout.toArray()).toString());
  expect(answer.response.body).toMatchObject({ total: 25, count: 25 });

  expect(first.stdout()).toContain('start with HOST=0.0.0.0 for a phone');
  expect(await consent(first.stdout(), 'zh-CN')).toMatch(/授权成功[\s\S]*演示小程序/);

  // Without any setting, since it finds the demo by its folder.
  await expect.poll(() => failedChecks(folder), { timeout: 300_000 }).toEqual([]);

  const second = await command(['start'], { DATA_DIR: folder }).ended;
  expect(second.code).toBe(1);
  expect(second.stderr).toMatch(/^Another "npm start" already runs in .*; .*\n$/);

  // Killed, so that nothing could clean up; then started again, with the same secrets.
  const ports = portsOf(first.stdout());
  first.child.kill('SIGKILL');
  await first.ended;
  await areClosed(ports);
  // Now no log can be written, as on a full disk.
  const logs = ['wxthirdparty.log', 'simulator.log'].map((name) => join(folder, 'logs', name));
  if (existsSync('/dev/full')) {
    for (const log of logs) {
      rmSync(log);
      symlinkSync('/dev/full', log);
    }
  }
  // On all addresses: both the gateway and the pages of the simulated WeChat are reached from the network, its control API is not.
  const third = command(['start'], { DATA_DIR: folder, HOST: '0.0.0.0', DEMO_TRAFFIC: 'true' });
  await started(third);
  const { browser } = hostsOf('0.0.0.0');
  expect(consentUrlOf(third.stdout()).hostname).toBe(browser);
  expect(third.stdout().trimEnd().split('\n').at(-1)).toContain(' http://127.0.0.1:');
  expect(await consent(third.stdout(), 'en')).toMatch(/Authorized[\s\S]*演示小程序/);
  expect(readFileSync(join(folder, 'demo.json'), 'utf8')).toBe(demo);

  await showsTraffic(third.stdout());

  third.child.kill('SIGTERM');
  expect(await third.ended).toMatchObject({ code: 0, stderr: '' });
  await areClosed(portsOf(third.stdout()));
});

/** What the doctor finds wrong with the deployment of this folder, judged by all of its checks. */
async function failedChecks(dataDir: string): Promise<string[]> {
  const { stdout } = await command(['doctor', '--json'], { DATA_DIR: dataDir }).ended;
  const { items } = JSON.parse(stdout) as { items: { name: string; status: string; code: string }[] };
  expect(items).toHaveLength(18);
  return items.flatMap(({ name, status, code }) => (status === 'ok' || status === 'warn' ? [] : `${name} ${code}`));
}

/** Accounts in every state, two subscriptions of which one works, and calls of which one failed. */
async function showsTraffic(lines: string): Promise<void> {
  const [, gateway] = /(http:\S+)\/v1\/authorizers\/\w+\/calls/.exec(lines)!;
  const [, key] = /Bearer (\w+)/.exec(lines)!;
  const [, component] = /\/authorize\/(\w+)/.exec(lines)!;
  const items = async (path: string) => {
    const response = await fetch(`${gateway}/v1/${path}`, { headers: { authorization: `Bearer ${key}` } });
    return ((await response.json()) as { items: Record<string, unknown>[] }).items;
  };
  const soon = { timeout: 300_000, interval: 500 };
  const states = async () => new Set((await items('authorizers')).map(({ state }) => state));
  await expect.poll(states, soon).toEqual(new Set(['active', 'revoked', 'needs-reauthorization']));
  const health = async () =>
    (await items('subscriptions')).map((one) => [Boolean(one.lastSuccessAt), Boolean(one.lastFailure)]);
  await expect.poll(health, soon).toEqual(
    expect.arrayContaining([
      [true, false],
      [false, true],
    ]),
  );
  await expect.poll(() => items(`calls?component=${component}&failed=true`), soon).not.toEqual([]);
}

function consentUrlOf(lines: string): URL {
  return new URL(/^ {2}consent +(http:\S+\/authorize\/wx[0-9a-f]{16}) /m.exec(lines)![1]!);
}

/** Opens the printed address, follows it to WeChat's page, consents for the second account, and returns the last page. */
async function consent(lines: string, language: string): Promise<string> {
  const url = consentUrlOf(lines);
  const headers = { 'accept-language': language };
  const page = await fetch(url, { headers });
  const cookie = page.headers.getSetCookie()[0]!.split(';')[0]!;
  const onward = /url=([^"]+)"/.exec(await page.text())![1]!;
  const wechat = new URL(onward.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code))));
  // A browser of the other machine must reach this host, too.
  expect(wechat.hostname).toBe(url.hostname);
  const accounts = (await (await fetch(wechat, { headers })).text()).matchAll(/name="appid" value="(\w+)"/g);
  const body = new URLSearchParams({ appid: [...accounts][1]![1]! });
  const sent = await fetch(wechat, { method: 'POST', body, redirect: 'manual' });
  const back = sent.headers.get('location')!;
  const end = await fetch(back, { headers: { ...headers, cookie } });
  const text = await end.text();
  expect(text).toContain(`<code>${url.pathname.split('/').at(-1)}</code>`);
  expect(text).toContain(body.get('appid'));
  return text;
}

/** The ports of the gateway, Redis and the simulator, from the output. */
function portsOf(lines: string): number[] {
  const found = /runs at http:\S+:(\d+)[\s\S]*on port (\d+)[\s\S]*simulated at http:\S+:(\d+)/.exec(lines);
  return found!.slice(1).map(Number);
}

async function started({ stdout, ended }: ReturnType<typeof command>): Promise<void> {
  const early = ended.then(({ stderr }) => {
    throw new Error(`it ended before it was ready: ${stderr}`);
  });
  early.catch(() => {});
  await Promise.race([early, expect.poll(stdout).toMatch(/^curl .*\n/m)]);
}

/** Sooner or later no process listens on these ports; a server of another test may have got one of them at once. */
async function areClosed(ports: readonly number[]): Promise<void> {
  for (const port of ports) await expect.poll(() => isOpen(port), { timeout: 300_000 }).toBe(false);
}

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
