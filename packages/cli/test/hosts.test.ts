import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commands } from '../src/commands.ts';
import { root } from '../src/root.ts';
import { settingNames } from '../src/settings-schema.ts';

const PASSWORD = 'c0ffee';
const HOST = '127.0.0.1';
const run = promisify(execFile);

interface PreparedHost {
  readonly folder: string;
  readonly redisPort: string;
  readonly sentinelPort: string;
}

describe('the files that docs/hosts/prepare.sh writes', () => {
  let folder: string;
  const hosts: PreparedHost[] = [];
  const servers: ChildProcess[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wxthirdparty-hosts-'));
    const ports = (await freePorts(6)).map(String);
    for (const i of [0, 1, 2]) {
      const host = { folder: join(folder, `host${i}`), redisPort: ports[i]!, sentinelPort: ports[3 + i]! };
      hosts.push(host);
      expect(await prepare(host, PASSWORD)).toBe(0);
      for (const args of [['redis.conf'], ['sentinel.conf', '--sentinel']]) {
        servers.push(spawn('redis-server', [join(host.folder, args[0]!), ...args.slice(1)], { stdio: 'ignore' }));
      }
    }
  });
  afterAll(async () => {
    for (const server of servers) {
      if (server.exitCode !== null) continue;
      const ended = new Promise((resolve) => server.once('exit', resolve));
      server.kill('SIGKILL');
      await ended;
    }
    await rm(folder, { recursive: true, force: true });
  });

  it('make one primary with two replicas, which three Sentinels watch', async () => {
    await expect
      .poll(() => ask(hosts[0]!.redisPort, 'info', 'replication'))
      .toMatch(/role:master.*connected_slaves:2/s);
    await expect
      .poll(() => ask(hosts[2]!.redisPort, 'info', 'replication'))
      .toMatch(/role:slave.*master_link_status:up/s);
    for (const { sentinelPort } of hosts) {
      const known = () => ask(sentinelPort, 'info', 'sentinel');
      await expect
        .poll(known)
        .toContain(`name=wxthirdparty,status=ok,address=${HOST}:${hosts[0]!.redisPort},slaves=2,sentinels=3`);
    }
  }, 120_000);

  it('keep what is acknowledged, drop nothing, and stop a primary that is cut off', async () => {
    const settings = ['appendonly', 'maxmemory-policy', 'min-replicas-to-write', 'min-replicas-max-lag'];
    const read = await Promise.all(settings.map((name) => ask(hosts[0]!.redisPort, 'config', 'get', name)));
    expect(read.map((answer) => answer.trim().split(/\s+/)[1])).toEqual(['yes', 'noeviction', '1', '2']);
  });

  it('are for their owner only, and never overwritten', async () => {
    const before = await readFile(join(hosts[0]!.folder, 'sentinel.conf'), 'utf8');
    expect(await prepare(hosts[0]!, PASSWORD)).toBe(1);
    expect(await readFile(join(hosts[0]!.folder, 'sentinel.conf'), 'utf8')).toBe(before);
  });

  it('are not written with a password that Redis would read otherwise', async () => {
    const host = { ...hosts[0]!, folder: join(folder, 'other') };
    expect(await prepare(host, 'two words')).toBe(1);
    expect(await prepare(host, '')).toBe(1);
  });

  async function prepare({ folder, redisPort, sentinelPort }: PreparedHost, password: string): Promise<number | null> {
    const [script, ports] = [
      join(root, 'docs/hosts/prepare.sh'),
      { REDIS_PORT: redisPort, SENTINEL_PORT: sentinelPort, PRIMARY_PORT: hosts[0]!.redisPort },
    ];
    const child = spawn('sh', [script, HOST, HOST, folder], {
      env: { ...process.env, ...ports },
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    // It may end before it reads.
    child.stdin.on('error', () => {});
    child.stdin.end(`${password}\n`);
    return new Promise((resolve) => child.once('exit', resolve));
  }

  async function ask(port: string, ...command: string[]): Promise<string> {
    const { stdout } = await run('redis-cli', ['-h', HOST, '-p', port, ...command], {
      env: { ...process.env, REDISCLI_AUTH: PASSWORD },
    }).catch(({ stdout }: { stdout: string }) => ({ stdout }));
    return stdout;
  }
});

it('docs/hosts/wxthirdparty.service runs an existing command, with known settings', async () => {
  const unit = await readFile(join(root, 'docs/hosts/wxthirdparty.service'), 'utf8');
  const [, command] = /^ExecStart=\S+ packages\/cli\/bootstrap\/run\.mjs (\w+)$/m.exec(unit)!;
  expect(Object.keys(commands)).toContain(command);
  const names = [...unit.matchAll(/^Environment=(.+)$/gm)].flatMap(([, all]) =>
    all!.split(' ').map((one) => one.split('=')[0]!),
  );
  expect(settingNames).toEqual(expect.arrayContaining(names));
});

/** Below those of the other tests, and of the range from which the system assigns ports. */
async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = 10_000 + Math.floor(Math.random() * 1_000);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false)).listen(port, HOST, () => resolve(true));
    });
    if (!isFree) continue;
    await new Promise((resolve) => server.close(resolve));
    ports.add(port);
  }
  return [...ports];
}
