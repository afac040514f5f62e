import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { takeInspectOptions } from '../bootstrap/inspect-options.mjs';
import { explainInstallFailure, stamp } from '../bootstrap/install.mjs';
import { withInstallLock } from '../bootstrap/install-lock.mjs';
import { findMariaDbServer, howToGetMariaDb } from '../bootstrap/mariadb-server.mjs';
import { findNode } from '../bootstrap/node-runtime.mjs';
import { findRedisServer, howToGetRedis } from '../bootstrap/redis-server.mjs';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wx-bootstrap-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the stamp of the packages', () => {
  it('changes with each file that lays them down', () => {
    const files = ['pnpm-lock.yaml', 'package.json', 'pnpm-workspace.yaml'];
    for (const file of files) writeFileSync(join(folder, file), 'one');
    const before = stamp(folder);
    expect(stamp(folder)).toBe(before);
    const after = files.map((file) => {
      writeFileSync(join(folder, file), 'two');
      return stamp(folder);
    });
    expect(new Set([before, ...after]).size).toBe(4);
  });
});

describe('a failed install', () => {
  it.each([
    ['npm error code ENOTFOUND', /registry did not answer.*proxy/],
    [' ERR_PNPM_META_FETCH_FAIL  GET https://registry/: request failed', /registry did not answer/],
    [' ERR_PNPM_OUTDATED_LOCKFILE  Cannot install with "frozen-lockfile"', /pnpm-lock.yaml does not belong/],
    ['ENOSPC: no space left on device', /disk is full/],
    ['something odd', /says above what stopped it/],
  ])('with the output %j is explained', (output, words) => {
    expect(explainInstallFailure(output)).toMatch(words);
  });
});

describe('the file that keeps a new service from being started', () => {
  const module = new URL('../bootstrap/debian-package.mjs', import.meta.url).href;
  const policy = () => join(folder, 'policy-rc.d');

  /** The real install with an apt-get that lasts until `finish`. */
  async function installing() {
    const script = `touch ${folder}/started; while [ ! -e ${folder}/finish ]; do sleep 0.05; done; cp ${policy()} ${folder}/seen`;
    writeFileSync(join(folder, 'apt-get'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const code = `
      const { installWithoutStarting } = await import(${JSON.stringify(module)});
      console.log(installWithoutStarting('a-server', ${JSON.stringify(policy())}).status);
    `;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      env: { ...process.env, PATH: `${folder}:${process.env.PATH}` },
      stdio: ['ignore', 'pipe', 'inherit'],
      // A group of its own, so that a signal can reach all of it, as Ctrl-C does.
      detached: true,
    });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    await expect.poll(() => existsSync(join(folder, 'started'))).toBe(true);
    return { pid: child.pid!, ended, finish: () => writeFileSync(join(folder, 'finish'), '') };
  }
  const removed = () => expect.poll(() => existsSync(policy())).toBe(false);

  it('is there during the install and removed after it', async () => {
    const { ended, finish } = await installing();
    finish();
    expect(await ended).toBe(0);
    expect(readFileSync(join(folder, 'seen'), 'utf8')).toMatch(/^#!\/bin\/sh\n.*\nexit 101\n$/);
    expect(existsSync(policy())).toBe(false);
  });

  it('is removed after Ctrl-C', async () => {
    const { pid, ended } = await installing();
    expect(existsSync(policy())).toBe(true);
    process.kill(-pid, 'SIGINT');
    await ended;
    await removed();
  });

  it.each(['SIGTERM', 'SIGKILL'] as const)(
    'is removed when the install is over, although %s ended us before',
    async (signal) => {
      const { pid, ended, finish } = await installing();
      process.kill(pid, signal);
      await ended;
      expect(existsSync(policy())).toBe(true);
      finish();
      await removed();
    },
  );

  it('that a killed run has not removed is recognized', async () => {
    const dead = spawnSync('true').pid;
    writeFileSync(policy(), `#!/bin/sh\n# wxthirdparty installs a package, process ${dead}\nexit 101\n`);
    const { ended, finish } = await installing();
    finish();
    await ended;
    expect(existsSync(policy())).toBe(false);
  });

  it('of the operator stays as it is', async () => {
    writeFileSync(policy(), '#!/bin/sh\nexit 104\n');
    const { ended, finish } = await installing();
    finish();
    await ended;
    expect(readFileSync(policy(), 'utf8')).toBe('#!/bin/sh\nexit 104\n');
  });
});

describe('the install lock', () => {
  const lock = () => join(folder, '.installing');

  it('lets one at a time', async () => {
    let inside = 0;
    let most = 0;
    const work = async () => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise(setImmediate);
      inside -= 1;
    };
    await Promise.all([1, 2, 3].map(() => withInstallLock(lock(), work)));
    expect(most).toBe(1);
    expect(existsSync(lock())).toBe(false);
  });

  it('is released when the work fails', async () => {
    await expect(withInstallLock(lock(), () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(existsSync(lock())).toBe(false);
  });

  it('of a dead process is taken over', async () => {
    const dead = spawnSync(process.execPath, ['--version']).pid;
    mkdirSync(lock());
    writeFileSync(join(lock(), 'owner'), JSON.stringify({ pid: dead, host: hostname() }));
    expect(await withInstallLock(lock(), async () => 'ours')).toBe('ours');
  });

  it('of another host is taken over when no process has touched it for long', async () => {
    mkdirSync(lock());
    writeFileSync(join(lock(), 'owner'), JSON.stringify({ pid: 1, host: 'elsewhere' }));
    expect(await withInstallLock(lock(), async () => 'ours', 50)).toBe('ours');
  });

  it('of another host is not taken over because the clocks differ', async () => {
    mkdirSync(lock());
    writeFileSync(join(lock(), 'owner'), JSON.stringify({ pid: 1, host: 'elsewhere' }));
    let touches = 0;
    let released = false;
    const beat = setInterval(() => {
      const hourAgo = new Date(Date.now() - 3_600_000 + ++touches);
      utimesSync(lock(), hourAgo, hourAgo);
      if (touches < 20) return;
      clearInterval(beat);
      released = true;
      rmSync(lock(), { recursive: true });
    }, 10);
    expect(await withInstallLock(lock(), async () => released)).toBe(true);
  });
});

describe('the Node to run with', () => {
  const packaged = (name: string, exit: number) => {
    const bin = join(folder, 'node_modules', name, 'bin');
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, 'node'), `#!/bin/sh\nexit ${exit}\n`);
    chmodSync(join(bin, 'node'), 0o755);
    return join(bin, 'node');
  };
  const name = `node-${process.platform}-${process.arch}`;
  const host = { path: '/host/node', version: '24.1.0' };

  it('comes with the packages', () => {
    expect(findNode(folder, host)).toBe('/host/node');
    expect(findNode(folder, { ...host, version: packaged(name, 0) && '20.0.0' })).toContain(name);
  });

  it('is found under the odd name, too', () => {
    const path = packaged(`node-bin-${process.platform}-${process.arch}`, 0);
    expect(findNode(folder, host)).toBe(path);
  });

  it("is the host's own where that one does not start", () => {
    packaged(name, 127);
    expect(findNode(folder, host)).toBe('/host/node');
  });

  it('is requested where there is none', () => {
    expect(() => findNode(folder, { ...host, version: '22.9.0' })).toThrow(/Install Node 24 or newer/);
  });
});

describe('redis-server', () => {
  it('is preferred to valkey-server, and found in any of the folders', () => {
    const [one, two] = [join(folder, 'one'), join(folder, 'two')];
    for (const [place, program] of [
      [one, 'valkey-server'],
      [two, 'redis-server'],
    ] as const) {
      mkdirSync(place);
      writeFileSync(join(place, program), '');
    }
    expect(findRedisServer([one, two])).toBeUndefined();
    chmodSync(join(one, 'valkey-server'), 0o755);
    expect(findRedisServer([one, two])).toBe(join(one, 'valkey-server'));
    chmodSync(join(two, 'redis-server'), 0o755);
    expect(findRedisServer([one, two])).toBe(join(two, 'redis-server'));
  });

  it('that is missing is reported with the install command of each system', () => {
    for (const words of [
      'apt-get install',
      'dnf install',
      'apk add',
      'brew install',
      'REDIS_URL',
      'docker compose up',
    ]) {
      expect(howToGetRedis()).toContain(words);
    }
  });
});

describe('mariadbd', () => {
  it('is found in the folders of servers', () => {
    expect(findMariaDbServer([folder])).toBeUndefined();
    writeFileSync(join(folder, 'mariadbd'), '', { mode: 0o755 });
    expect(findMariaDbServer([folder])).toBe(join(folder, 'mariadbd'));
  });

  it('that is missing is reported with the install command', () => {
    expect(howToGetMariaDb()).toContain('apt-get install mariadb-server');
  });
});

describe('the supervising process', () => {
  /** What comes later is no copy. */
  const COPY_MS = 500;

  it.each([
    ['process.exit(7)', { code: 7, signal: null }],
    ["process.kill(process.pid, 'SIGKILL')", { code: null, signal: 'SIGKILL' }],
  ])('reports how the program ended: %s', async (program, ended) => {
    const between = supervised(program);
    expect(JSON.parse((await between.line('ended')).slice('ended'.length))).toEqual(ended);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'passes the first %s on as the shutdown signal, and no copy of it',
    async (signal) => {
      for (let elapsedMs = Number.POSITIVE_INFINITY; elapsedMs > COPY_MS; ) {
        const between = supervised(tellsSignals);
        await between.line('up');
        const startedAt = performance.now();
        between.kill(signal);
        await between.line('SIGHUP');
        // npm's copy; were it passed on, it would come before the next SIGHUP.
        between.kill(signal);
        between.kill('SIGHUP');
        await between.line('SIGHUP', 2);
        elapsedMs = performance.now() - startedAt;
        if (elapsedMs <= COPY_MS) expect(between.output()).not.toContain(signal);
        between.release();
        await between.line('ended');
        rmSync(join(folder, 'release'));
      }
    },
  );

  it('passes on as it is what comes long after', async () => {
    const between = supervised(tellsSignals);
    await between.line('up');
    between.kill('SIGTERM');
    await between.line('SIGHUP');
    await expect
      .poll(
        () => {
          between.kill('SIGTERM');
          return between.output();
        },
        { interval: 100 },
      )
      .toContain('SIGTERM');
    between.release();
    await between.line('ended');
  });

  it('does not let the program outlive it when it is killed', async () => {
    const between = supervised(
      "process.on('disconnect', () => { console.log('alone'); process.exit() }); console.log('up')",
    );
    await between.line('up');
    between.kill('SIGKILL');
    await between.line('alone');
  });
});

const tellsSignals = `
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => console.log(signal));
  setInterval(() => require('node:fs').existsSync(process.env.RELEASE) && process.exit(), 20);
  console.log('up');
`;

/** A process that supervises the program, like the real bootstrap does. */
function supervised(program: string) {
  const release = join(folder, 'release');
  const supervise = new URL('../bootstrap/supervise.mjs', import.meta.url).href;
  const code = `
    const { supervise } = await import(${JSON.stringify(supervise)});
    const ended = await supervise(process.execPath, ['-e', ${JSON.stringify(program)}], { shutdownSignal: 'SIGHUP', endsWithUs: true });
    console.log('ended' + JSON.stringify(ended));
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    env: { ...process.env, RELEASE: release },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  const matching = (start: string) => output.split('\n').filter((line) => line.startsWith(start));
  return {
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    output: () => output,
    release: () => writeFileSync(release, ''),
    line: async (start: string, count = 1) => {
      await expect.poll(() => matching(start).length).toBeGreaterThanOrEqual(count);
      return matching(start)[count - 1]!;
    },
  };
}

describe('the options of the debugger', () => {
  it.each([
    [['gateway', '--inspect'], ['--inspect'], ['gateway']],
    [['--inspect-brk=9230', 'keys', 'list'], ['--inspect-brk=9230'], ['keys', 'list']],
    [['worker', '--inspect-wait=127.0.0.1:0'], ['--inspect-wait=127.0.0.1:0'], ['worker']],
    [['sync', 'wx1', '--no-details', '--inspected'], [], ['sync', 'wx1', '--no-details', '--inspected']],
  ])('of %j are for the Node that runs the program: %j', (argv, inspect, others) => {
    expect(takeInspectOptions(argv)).toEqual({ inspect, others });
  });

  it('reach it through npm run', async () => {
    const run = new URL('../bootstrap/run.mjs', import.meta.url);
    const child = spawn(process.execPath, [fileURLToPath(run), 'help', '--inspect=127.0.0.1:0'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let output = '';
    child.stderr.on('data', (chunk) => {
      output += chunk;
    });
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0);
    expect(output).toMatch(/Debugger listening on ws:\/\/127\.0\.0\.1:/);
  });
});

describe('an old Node', () => {
  it('can parse the first file', () => {
    const text = readFileSync(new URL('../bootstrap/run.mjs', import.meta.url), 'utf8');
    expect(text).not.toMatch(/^import /m);
    expect(text).toContain('needs Node 20 or newer');
  });
});
