import { constants } from 'node:os';

/** Thrown by `unlessReceived`: a shutdown was requested before the work was done. It is not a failure. */
export class StartInterrupted extends Error {
  override readonly name = 'StartInterrupted';
}

export interface ShutdownRequest {
  /** Settles when a signal requests the shutdown, or a part of the process fails. */
  readonly received: Promise<void>;
  /** Requests the shutdown of a process that cannot go on; it ends with code 1 and reports the reason. */
  fail(reason: unknown): void;
  /** What `fail` was called with first. */
  readonly failure: { readonly reason: unknown } | undefined;
  /** The result of the work, or StartInterrupted if a shutdown is requested first. For the start of a process. */
  unlessReceived<T>(work: Promise<T>): Promise<T>;
  /** How long the shutdown may take. */
  setTimeoutMs(ms: number): void;
}

/** Copies of one request arrive within this time. */
const ECHO_MS = 500;

/**
 * The first signal requests a shutdown: the process drains. A second signal ends the process at once. A shutdown that
 * takes longer than its timeout ends with code 1.
 *
 * SIGHUP never counts as a second signal: the bootstrap sends it to request a shutdown that may have been requested
 * already (bootstrap/supervise.mjs), and a terminal sends it when it closes. The end of the bootstrap, which breaks its
 * channel to this process, counts like SIGHUP. The bootstrap's SIGHUP can arrive before the signal that caused it;
 * therefore the first signal that follows within ECHO_MS is not a second one either.
 */
export function shutdownOnSignal(): ShutdownRequest {
  const { promise: received, resolve } = Promise.withResolvers<void>();
  let requestedAt: number | undefined;
  let signals = 0;
  let timeoutMs = 10_000;
  let failure: ShutdownRequest['failure'];

  const request = () => {
    if (requestedAt !== undefined) return;
    requestedAt = performance.now();
    setTimeout(() => {
      console.error(`wxthirdparty: the shutdown did not finish within ${timeoutMs} ms; the process exits now.`);
      process.exit(1);
    }, timeoutMs).unref();
    resolve();
  };
  const onSignal = (signal: NodeJS.Signals) => {
    signals += 1;
    const isSecond = requestedAt !== undefined && (signals > 1 || performance.now() - requestedAt > ECHO_MS);
    if (isSecond) process.exit(128 + constants.signals[signal]);
    request();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  process.on('SIGHUP', request);
  if (process.channel) {
    process.on('disconnect', request);
    // The listener must not keep a process alive that has nothing to do.
    process.channel.unref();
  }

  return {
    received,
    fail(reason) {
      failure ??= { reason };
      request();
    },
    get failure() {
      return failure;
    },
    setTimeoutMs: (ms) => {
      timeoutMs = ms;
    },
    unlessReceived: (work) =>
      Promise.race([
        work,
        received.then(() => {
          // The result of the work, or its failure, no longer matters.
          work.catch(() => {});
          throw new StartInterrupted('shutdown requested during the start');
        }),
      ]),
  };
}
