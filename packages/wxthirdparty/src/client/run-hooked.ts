import type { Client, Hook } from './client.ts';

export type Answered = (error?: Error | null, data?: unknown, response?: unknown) => void;

/** Sends a request between the two parts of its hook, as the library of 2015 did. */
export function runHooked(
  client: Client,
  hook: Hook | undefined,
  args: readonly unknown[],
  send: (answered: Answered) => void,
  callback: Answered,
): void {
  const { before, after } = hook ?? {};
  const temp = {};
  let hasCalledBack = false;
  const calledBack: Answered = (...answer) => {
    hasCalledBack = true;
    callback(...answer);
  };
  /** What a hook throws is the outcome, unless the caller has one already. */
  const fail = (error: unknown) => {
    if (hasCalledBack) throw error;
    calledBack(error as Error);
  };
  const guarded = (work: () => unknown) => {
    try {
      const result = work();
      void Promise.resolve(result).catch((error: unknown) => process.nextTick(fail, error));
    } catch (error) {
      fail(error);
    }
  };

  const answered: Answered =
    typeof after !== 'function'
      ? calledBack
      : (error, data) => {
          if (error) calledBack(error);
          else guarded(() => after.call(client, null, data, calledBack, temp));
        };
  let hasSent = false;
  const next = () => {
    // A message must not be sent twice because a hook goes on twice.
    if (hasSent) return;
    hasSent = true;
    send(answered);
  };
  if (typeof before === 'function') guarded(() => before.call(client, ...args, next, temp));
  else next();
}
