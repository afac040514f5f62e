import { constants } from 'node:os';

/** Thrown by `unlessLeft`: the process is to leave before it was ready. It is no failure. */
export class LeftEarly extends Error {
  override readonly name = 'LeftEarly';
}

export interface Leaving {
  /** Settles when somebody wants the process to leave. */
  readonly asked: Promise<void>;
  /** The work's result, unless the process is to leave before; then LeftEarly. For the time of starting. */
  unlessLeft<T>(work: Promise<T>): Promise<T>;
  /** How long leaving may take. */
  patience(ms: number): void;
}

/** The same wish on two ways arrives within this time. */
const ECHO_MS = 500;

/**
 * The first signal asks the process to drain. The second leaves at once, and so does time: a drain that takes longer
 * than the patience ends with code 1.
 *
 * SIGHUP never counts as a second signal: whoever started us sends it to say "leave, if you are not leaving already"
 * (bootstrap/supervise.mjs), and a terminal that closes says the same. So does the end of that starter itself, which
 * breaks the channel to it. Since the starter's word can overtake the very signal that made it speak, the first signal
 * that follows it closely is no second one either.
 */
export function leaveOnSignal(): Leaving {
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  let leavingSince: number | undefined;
  let signals = 0;
  let patienceMs = 10_000;

  const leave = () => {
    if (leavingSince !== undefined) return;
    leavingSince = performance.now();
    setTimeout(() => {
      console.error(`wxthirdparty: still busy ${patienceMs} ms after it was asked to leave; leaving anyway.`);
      process.exit(1);
    }, patienceMs).unref();
    resolve();
  };
  const insist = (signal: NodeJS.Signals) => {
    signals += 1;
    const again = leavingSince !== undefined && (signals > 1 || performance.now() - leavingSince > ECHO_MS);
    if (again) process.exit(128 + constants.signals[signal]);
    leave();
  };
  process.on('SIGINT', insist);
  process.on('SIGTERM', insist);
  process.on('SIGHUP', leave);
  if (process.channel) {
    process.on('disconnect', leave);
    // Listening to it must not keep a process alive that has nothing left to do.
    process.channel.unref();
  }

  return {
    asked,
    patience: (ms) => {
      patienceMs = ms;
    },
    unlessLeft: (work) =>
      Promise.race([
        work,
        asked.then(() => {
          // Whatever becomes of the work now, nobody waits for it.
          work.catch(() => {});
          throw new LeftEarly('asked to leave while starting');
        }),
      ]),
  };
}
