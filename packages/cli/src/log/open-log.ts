import { basename } from 'node:path';
import type { Scope } from '@wxthirdparty/platform';
import type { Logger } from 'pino';
import pretty from 'pino-pretty';
import { openLog } from './log.ts';
import { LogFile } from './log-file.ts';
import { LogWriter } from './log-writer.ts';
import { standardOutput } from './standard-output.ts';

/** pino-pretty's notation of the zone of this machine. */
const LOCAL_TIME = 'SYS:yyyy-mm-dd HH:MM:ss.l';

/** The log of a process: JSON lines on standard output, or readable ones on a terminal. */
export function openStandardLog(scope: Scope, level: string): Logger {
  if (process.stdout.isTTY)
    return openLog(level, pretty({ sync: true, ignore: 'pid,hostname', translateTime: LOCAL_TIME }));
  return openLog(
    level,
    scope.keep('log', new LogWriter(standardOutput()), (writer) => writer.close()),
  );
}

/** Lines into a file that is rotated while it is written. */
export function openLogFile(scope: Scope, path: string): LogWriter {
  const file = new LogFile(path);
  return scope.keep(`log ${basename(path)}`, new LogWriter((batch) => file.write(batch)), async (writer) => {
    await writer.close();
    // A full disk may make this fail again.
    await file.close().catch(() => {});
  });
}
