import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from './free-port.ts';

const START_MS = 120_000;

/** A real mariadbd on a free port, in a folder that goes with it. It can die and come back. */
export interface MariaDbServer {
  /** Of a database that need not be there yet; `wx` is. */
  url(database: string): string;
  /** Statements in the database `wx`. */
  say(sql: string): Promise<void>;
  kill(): Promise<void>;
  restart(): Promise<void>;
  /** Until `resume` it accepts connections, and answers nothing. */
  freeze(): Promise<void>;
  resume(): Promise<void>;
  stop(): Promise<void>;
}

interface MariaDbPlace {
  /** The address on which it listens, and from which its clients may come; 127.0.0.1. */
  readonly address?: string;
  /** A free one by default. */
  readonly port?: number;
  /** The words in front of the server's command. */
  readonly within?: readonly string[];
}

export async function startMariaDb(place: MariaDbPlace = {}): Promise<MariaDbServer> {
  const { address = '127.0.0.1', within = [] } = place;
  const [install, program] = [find('mariadb-install-db'), find('mariadbd')];
  const dir = await mkdtemp(join(tmpdir(), 'wxthirdparty-mariadb-'));
  const port = place.port ?? (await freePort());
  // mariadbd refuses to run as root unless an option names that user.
  const user = process.getuid?.() === 0 ? [`--user=${userInfo().username}`] : [];
  const data = join(dir, 'data');
  // A server that starts clears the place of temporary tables, and would take those of one that is starting beside it.
  const temporary = join(dir, 'tmp');
  const where = ['--no-defaults', `--datadir=${data}`, `--tmpdir=${temporary}`, ...user];
  await mkdir(data);
  await mkdir(temporary);
  await run(install, [...where, '--auth-root-authentication-method=normal', '--skip-test-db', '--skip-name-resolve']);
  const init = join(dir, 'init.sql');
  const clients = place.address ? '%' : '127.0.0.1';
  const words = [
    `create or replace user 'wx'@'${clients}' identified by 'wx';`,
    `grant all on *.* to 'wx'@'${clients}' with grant option;`,
    'create database if not exists wx;',
  ];
  await writeFile(init, `${words.join('\n')}\n`);
  const log = join(dir, 'log');
  const begin = () =>
    guarded([
      ...within,
      program,
      ...where,
      ...[`--socket=${join(dir, 's')}`, `--pid-file=${join(dir, 'pid')}`, `--log-error=${log}`, `--init-file=${init}`],
      ...[`--port=${port}`, `--bind-address=${address}`, '--skip-name-resolve', '--max-connections=400'],
      ...['--innodb-buffer-pool-size=64M', '--innodb-log-file-size=32M', '--innodb-flush-log-at-trx-commit=2'],
      // What our statements must not lean on: a server that is set up in another way than we would.
      ...['--character-set-server=latin1', '--collation-server=latin1_swedish_ci', '--sql-mode=ANSI_QUOTES'],
      '--default-time-zone=+08:00',
    ]);
  let server = begin();
  const up = async () => {
    const begunAt = performance.now();
    while (!(await answers(address, port))) {
      if (server.exitCode !== null || performance.now() - begunAt > START_MS) {
        const { exitCode, signalCode } = server;
        const written = await readFile(log, 'utf8').catch(() => 'no log');
        throw new Error(
          `mariadbd does not start (exit ${exitCode}, signal ${signalCode}): ${stderrOf(server)} ${written}`,
        );
      }
      await pause(20);
    }
  };
  const kill = async () => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const gone = new Promise((resolve) => server.once('exit', resolve));
    server.stdin?.end();
    await gone;
  };
  const signal = async (name: NodeJS.Signals) => {
    process.kill(Number(await readFile(join(dir, 'pid'), 'utf8')), name);
  };
  await up();
  return {
    url: (database) => `mysql://wx:wx@${address}:${port}/${database}`,
    say: (sql) =>
      run(find('mariadb'), ['--no-defaults', `--socket=${join(dir, 's')}`, '-uroot', 'wx', `--execute=${sql}`]),
    kill,
    async restart() {
      server = begin();
      await up();
    },
    freeze: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
    async stop() {
      await kill();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Debian keeps servers where a plain user's PATH does not look. */
function find(program: string): string {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin'];
  for (const folder of folders) {
    try {
      const path = join(folder, program);
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // It is not here.
    }
  }
  throw new Error(
    `${program} was not found, and these tests run on a real MariaDB. "npm test" installs it on Debian and Ubuntu as root; elsewhere: "sudo apt-get install mariadb-server", "sudo dnf install mariadb-server" or "brew install mariadb".`,
  );
}

/** Ends with us, however we end: its shell kills it when our end of its input closes. */
function guarded(command: readonly string[]): ChildProcess {
  const guard = '"$@" & server=$!; (while read -r _; do :; done; kill -KILL $server 2>/dev/null) <&3 & wait $server';
  const child = spawn('sh', ['-c', `exec 3<&0; ${guard}`, 'sh', ...command], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  const lines: string[] = [];
  child.stderr.on('data', (chunk) => lines.length < 20 && lines.push(String(chunk)));
  errors.set(child, lines);
  return child;
}

/** What a server wrote before it opened its log. */
const errors = new WeakMap<ChildProcess, string[]>();

function stderrOf(server: ChildProcess): string {
  return (errors.get(server) ?? []).join('').slice(0, 2_000);
}

function run(program: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk));
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`${program}: ${said}`))));
  });
}

/** The server speaks first. */
function answers(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, address);
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1_000, () => end(false));
    socket.once('data', () => end(true));
    socket.once('error', () => end(false));
    socket.once('close', () => end(false));
  });
}
