import { spawn } from 'node:child_process';
import { delimiter, dirname } from 'node:path';

/** npm repeats a signal that the terminal has already sent to all processes: both arrive within this time. */
const ECHO_MS = 500;

/**
 * Runs one program in the foreground: in the same process group, on the same terminal, and this process ends with it.
 *
 * Signals reach the program in several ways. The terminal's Ctrl-C goes to npm, to this process and to the program; npm
 * then sends it to this process a second time; `kill -INT` may be sent to this process alone. For the program a second
 * signal means "exit at once", so a copy must not be taken for one. Therefore the first SIGINT or SIGTERM is passed on as
 * `shutdownSignal`, which the program ignores if it is already shutting down. Copies within ECHO_MS are dropped. A later
 * signal is sent on purpose, and is passed on as it is.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{ shutdownSignal: NodeJS.Signals, cwd?: string, env?: Record<string, string>, endsWithUs?: boolean }} options
 *   endsWithUs: opens a channel that closes if this process is killed, so that the program does not outlive it.
 * @returns {Promise<{ code: number | null, signal: NodeJS.Signals | null }>}
 */
export function supervise(command, args, { shutdownSignal, cwd, env = {}, endsWithUs = false }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: endsWithUs ? ['inherit', 'inherit', 'inherit', 'ipc'] : 'inherit',
      cwd,
      // If the program starts `node`, it is this Node, too.
      env: { ...process.env, ...env, PATH: `${dirname(command)}${delimiter}${process.env.PATH ?? ''}` },
    });

    /** @type {number | undefined} */
    let askedAt;
    /** @param {NodeJS.Signals} signal */
    const passOn = (signal) => {
      if (askedAt === undefined) {
        askedAt = performance.now();
        child.kill(shutdownSignal);
      } else if (performance.now() - askedAt > ECHO_MS) {
        child.kill(signal);
      }
    };
    const hangUp = () => child.kill('SIGHUP');
    process.on('SIGINT', passOn);
    process.on('SIGTERM', passOn);
    process.on('SIGHUP', hangUp);

    child.once('error', reject);
    child.once('exit', (code, signal) => {
      process.off('SIGINT', passOn);
      process.off('SIGTERM', passOn);
      process.off('SIGHUP', hangUp);
      resolve({ code, signal });
    });
  });
}
