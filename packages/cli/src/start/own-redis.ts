import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '@wxthirdparty/wechat';
import { z } from 'zod';
import { ensureRedisServer } from '../../bootstrap/redis-server.mjs';
import { rotateLog } from '../log/rotate-log.ts';
import type { DataDir } from './data-dir.ts';
import { probePort } from './free-port.ts';
import { keep, readOrCreate } from './private-json.ts';
import { sendRedisCommand } from './redis-line.ts';
import { redisMemoryBytes } from './redis-memory.ts';

/** The URL of the Redis that `start` runs with this data folder, for other commands. */
export function ownRedisUrl(dataDirPath: string): string | undefined {
  const file = join(dataDirPath, 'redis', 'redis.json');
  const { port, password } = existsSync(file) ? readOrCreate(file, connectionSchema, noConnection) : noConnection();
  return port === 0 ? undefined : urlOf(port, password);
}

export interface OwnRedis {
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
}

const connectionSchema = z.object({ port: z.number(), password: z.string() });

/**
 * Runs Redis and stops it. The shell reads until its input ends, which is when `start` ends for any reason; then it stops
 * Redis, which first writes its log to disk. `read` is a shell builtin, so no other process keeps running.
 */
const GUARDIAN = `
umask 077
"$1" "$2" & redis=$!
exec 3<&0
( while read -r _ <&3; do :; done; kill -TERM $redis ) 2>/dev/null & watcher=$!
exec 3<&-
wait $redis
kill $watcher 2>/dev/null
`;

/** Redis needs time to read a long log. */
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 5_000;
const RESTART_DELAY_MS = 300;
const MAX_ATTEMPTS = 5;

/** Our own Redis under DATA_DIR; it is restarted if it dies, and it ends with this process. */
export async function startOwnRedis(dataDir: DataDir): Promise<OwnRedis> {
  const program = await ensureRedisServer();
  const folder = join(dataDir.path, 'redis');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, 'redis.json');
  const before = readOrCreate(file, connectionSchema, () => ({ port: 0, password: randomBytes(24).toString('hex') }));
  const { password } = before;
  if (before.port !== 0) await stopLeftoverRedis(before.port, password);

  const log = join(dataDir.logs, 'redis.log');
  let preferred = before.port;
  for (let attempt = 1; ; attempt++) {
    const port = await probePort('127.0.0.1', preferred).catch(() => probePort('127.0.0.1', 0));
    const config = writeConfig(folder, port, password, log);
    const run = () => spawnGuardian(program, config, log);
    const first = run();
    if (await answers(first, port, password)) {
      keep(file, { port, password });
      const rotated = rotateLog(log);
      const redis = watchOver(first, run, port, password);
      return { ...redis, stop: () => redis.stop().finally(rotated.stop) };
    }
    preferred = 0;
    if (attempt === MAX_ATTEMPTS) {
      throw new Failure(
        'redis_not_starting',
        'operator',
        `Redis does not start; ${log} contains the reason.${lastLine(log)}`,
      );
    }
  }
}

function noConnection(): z.infer<typeof connectionSchema> {
  return { port: 0, password: '' };
}

function urlOf(port: number, password: string): string {
  return `redis://:${password}@127.0.0.1:${port}`;
}

/** The previous `start` may have just been killed: two servers must not write into one folder. */
async function stopLeftoverRedis(port: number, password: string): Promise<void> {
  const timeout = AbortSignal.timeout(STOP_TIMEOUT_MS);
  // SHUTDOWN closes the connection. The loop also ends if another program or no process listens on this port.
  while (
    await sendRedisCommand(port, password, 'PING').then(
      () => true,
      () => false,
    )
  ) {
    if (timeout.aborted) {
      throw new Failure(
        'redis_left_over',
        'operator',
        `A Redis of an earlier start still uses port ${port}; stop it first.`,
      );
    }
    await sendRedisCommand(port, password, 'SHUTDOWN').catch(() => {});
    await sleep(50);
  }
}

/** A file instead of arguments, because other users can read those. */
function writeConfig(folder: string, port: number, password: string, log: string): string {
  const config = join(folder, 'redis.conf');
  const lines = [
    'bind 127.0.0.1',
    `port ${port}`,
    `requirepass ${password}`,
    'daemonize no',
    `dir ${JSON.stringify(folder)}`,
    // Opened for each line, so that the file can be rotated. Only what Redis reports before it has read this goes to its output.
    `logfile ${JSON.stringify(resolve(log))}`,
    'appendonly yes',
    'appendfsync everysec',
    'save ""',
    // BullMQ's jobs are not a cache: an error is better than a job that disappears.
    'maxmemory-policy noeviction',
    `maxmemory ${redisMemoryBytes(totalmem(), process.constrainedMemory())}`,
  ];
  writeFileSync(config, `${lines.join('\n')}\n`, { mode: 0o600 });
  return config;
}

function spawnGuardian(program: string, config: string, log: string): ChildProcess {
  const output = openSync(log, 'a', 0o600);
  try {
    // A process group of its own: the terminal's Ctrl-C must not reach Redis, which is stopped last.
    return spawn('sh', ['-c', GUARDIAN, 'sh', program, config], {
      detached: true,
      stdio: ['pipe', output, output],
    });
  } finally {
    closeSync(output);
  }
}

async function answers(guardian: ChildProcess, port: number, password: string): Promise<boolean> {
  const timeout = AbortSignal.timeout(START_TIMEOUT_MS);
  while (guardian.exitCode === null && guardian.signalCode === null && !timeout.aborted) {
    // While Redis reads its log, it answers LOADING.
    const answer = await sendRedisCommand(port, password, 'PING').catch(() => '');
    if (answer === '+PONG') return true;
    await sleep(20);
  }
  guardian.stdin?.end();
  return false;
}

function watchOver(first: ChildProcess, run: () => ChildProcess, port: number, password: string): OwnRedis {
  let guardian = first;
  let stopping = false;
  const again = () => {
    if (stopping) return;
    guardian.stdin?.destroy();
    setTimeout(() => {
      if (stopping) return;
      guardian = run();
      guardian.once('exit', again);
    }, RESTART_DELAY_MS);
  };
  guardian.once('exit', again);

  return {
    port,
    url: urlOf(port, password),
    stop: async () => {
      stopping = true;
      if (guardian.exitCode !== null || guardian.signalCode !== null) return;
      const exited = once(guardian, 'exit');
      guardian.stdin?.end();
      const killing = setTimeout(() => killGroup(guardian), STOP_TIMEOUT_MS / 2);
      await exited;
      clearTimeout(killing);
    },
  };
}

function killGroup(guardian: ChildProcess): void {
  try {
    if (guardian.pid !== undefined) process.kill(-guardian.pid, 'SIGKILL');
  } catch {
    // It has just ended by itself.
  }
}

function lastLine(log: string): string {
  const line = readFileSync(log, 'utf8').trimEnd().split('\n').at(-1);
  return line ? ` Its last line: ${line}` : '';
}
