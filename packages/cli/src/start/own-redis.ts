import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '@wxthirdparty/wechat';
import { z } from 'zod';
import { ensureRedisServer } from '../../bootstrap/redis-server.mjs';
import { boundLog } from '../log/bound-log.ts';
import type { DataDir } from './data-dir.ts';
import { probePort } from './free-port.ts';
import { keep, readOrCreate } from './private-json.ts';
import { sendRedisCommand } from './redis-line.ts';
import { redisMemoryBytes } from './redis-memory.ts';

/** Of the Redis that `start` runs with this data folder, for commands beside it. */
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
 * Runs Redis and sees it out. It reads until its input ends, which is when `start` ends, however that happens; then it
 * stops Redis, which writes its log to disk before it goes. `read` is the shell's own, so no further process hangs on.
 */
const GUARDIAN = `
"$1" "$2" & redis=$!
exec 3<&0
( while read -r _ <&3; do :; done; kill -TERM $redis ) 2>/dev/null & watcher=$!
exec 3<&-
wait $redis
kill $watcher 2>/dev/null
`;

/** A long log takes its time to be read back. */
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 5_000;
const RESTART_DELAY_MS = 300;
const MAX_ATTEMPTS = 5;

/** A Redis of our own under DATA_DIR, that outlives us by a moment at most and comes back when it dies. */
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
    const config = writeConfig(folder, port, password);
    const run = () => spawnGuardian(program, config, log);
    const first = run();
    if (await answers(first, port, password)) {
      keep(file, { port, password });
      const bounded = boundLog(log);
      await bounded.check();
      const redis = watchOver(first, run, port, password);
      return { ...redis, stop: () => redis.stop().finally(bounded.stop) };
    }
    preferred = 0;
    if (attempt === MAX_ATTEMPTS) {
      throw new Failure('redis_not_starting', 'operator', `Redis does not start; ${log} says why.${lastLine(log)}`);
    }
  }
}

function noConnection(): z.infer<typeof connectionSchema> {
  return { port: 0, password: '' };
}

function urlOf(port: number, password: string): string {
  return `redis://:${password}@127.0.0.1:${port}`;
}

/** The last `start` may have been killed a moment ago: two servers must not write into one folder. */
async function stopLeftoverRedis(port: number, password: string): Promise<void> {
  const patience = AbortSignal.timeout(STOP_TIMEOUT_MS);
  // SHUTDOWN answers by closing the line; a stranger on this port, or nobody, ends it too.
  while (
    await sendRedisCommand(port, password, 'PING').then(
      () => true,
      () => false,
    )
  ) {
    if (patience.aborted) {
      throw new Failure(
        'redis_left_over',
        'operator',
        `A Redis of an earlier start holds port ${port}; stop it first.`,
      );
    }
    await sendRedisCommand(port, password, 'SHUTDOWN').catch(() => {});
    await sleep(50);
  }
}

/** A file and not arguments, because everybody can read those. */
function writeConfig(folder: string, port: number, password: string): string {
  const config = join(folder, 'redis.conf');
  const lines = [
    'bind 127.0.0.1',
    `port ${port}`,
    `requirepass ${password}`,
    'daemonize no',
    `dir ${JSON.stringify(folder)}`,
    'appendonly yes',
    'appendfsync everysec',
    'save ""',
    // BullMQ's jobs are no cache: rather an error than a job that silently goes.
    'maxmemory-policy noeviction',
    `maxmemory ${redisMemoryBytes(totalmem(), process.constrainedMemory())}`,
  ];
  writeFileSync(config, `${lines.join('\n')}\n`, { mode: 0o600 });
  return config;
}

function spawnGuardian(program: string, config: string, log: string): ChildProcess {
  const output = openSync(log, 'a', 0o600);
  try {
    // A group of its own: the terminal's Ctrl-C is for us, and Redis goes last.
    return spawn('sh', ['-c', GUARDIAN, 'sh', program, config], {
      detached: true,
      stdio: ['pipe', output, output],
    });
  } finally {
    closeSync(output);
  }
}

async function answers(guardian: ChildProcess, port: number, password: string): Promise<boolean> {
  const patience = AbortSignal.timeout(START_TIMEOUT_MS);
  while (guardian.exitCode === null && guardian.signalCode === null && !patience.aborted) {
    // While it reads its log back it says LOADING.
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
      const gone = once(guardian, 'exit');
      guardian.stdin?.end();
      const killing = setTimeout(() => killGroup(guardian), STOP_TIMEOUT_MS / 2);
      await gone;
      clearTimeout(killing);
    },
  };
}

function killGroup(guardian: ChildProcess): void {
  try {
    if (guardian.pid !== undefined) process.kill(-guardian.pid, 'SIGKILL');
  } catch {
    // It went by itself in this very moment.
  }
}

function lastLine(log: string): string {
  const line = readFileSync(log, 'utf8').trimEnd().split('\n').at(-1);
  return line ? ` Its last words: ${line}` : '';
}
