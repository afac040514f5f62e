import { spawn } from 'node:child_process';
import { delimiter, dirname } from 'node:path';

/** npm passes a signal on that the terminal has sent to everybody already: the same wish, twice within this time. */
const ECHO_MS = 500;

/**
 * Runs one program in the foreground: same process group, same terminal, and its end is ours.
 *
 * Signals reach the program on several ways at once. The terminal's Ctrl-C goes to npm, to us and to the program;
 * npm then passes it on to us a second time; `kill -INT` to us alone goes to nobody else. To the program a second
 * signal means "leave at once", so a copy must never look like one. Therefore the first SIGINT or SIGTERM that we get
 * is passed on as `leave`, a signal that the program takes for "leave, if you are not leaving already", whoever told
 * it first. Copies within ECHO_MS are dropped. What comes later is somebody who insists, and is passed on as it is.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{ leave: NodeJS.Signals, cwd?: string, env?: Record<string, string>, tellWhenGone?: boolean }} options
 *   tellWhenGone: opens a channel that breaks when we are killed, so that the program does not outlive us.
 * @returns {Promise<{ code: number | null, signal: NodeJS.Signals | null }>}
 */
export function supervise(command, args, { leave, cwd, env = {}, tellWhenGone = false }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: tellWhenGone ? ['inherit', 'inherit', 'inherit', 'ipc'] : 'inherit',
      cwd,
      // Whatever the program starts by the name `node` is this Node, too.
      env: { ...process.env, ...env, PATH: `${dirname(command)}${delimiter}${process.env.PATH ?? ''}` },
    });

    /** @type {number | undefined} */
    let askedAt;
    /** @param {NodeJS.Signals} signal */
    const passOn = (signal) => {
      if (askedAt === undefined) {
        askedAt = performance.now();
        child.kill(leave);
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
