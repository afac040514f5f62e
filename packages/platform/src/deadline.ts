/** A timer that is so late shows that this process had stalled. */
const STALL_MS = 100;
/** For answers that arrived, or that must be asked for again, after a stall. */
const GRACE_MS = 500;

/**
 * Calls back after `ms`, when what has arrived by then is read; returns a function that cancels it. Node runs timers before it
 * reads sockets: after this process has stalled (a frozen process, a busy host), a plain timer would give up an answer that is
 * already there.
 */
export function afterReading(ms: number, callback: () => void): () => void {
  const dueAt = performance.now() + ms;
  let immediate: NodeJS.Immediate | undefined;
  let timer = setTimeout(() => {
    const hasStalled = performance.now() - dueAt > STALL_MS;
    timer = setTimeout(
      () => {
        immediate = setImmediate(callback);
      },
      hasStalled ? GRACE_MS : 0,
    );
  }, ms);
  return () => {
    clearTimeout(timer);
    clearImmediate(immediate);
  };
}

/**
 * The work's outcome, or the given error after `ms`. The work itself continues: a caller that wants it to stop passes it
 * an abort signal. The outcome of abandoned work is ignored.
 */
export async function withDeadline<T>(work: Promise<T>, ms: number, late: () => Error): Promise<T> {
  let cancel = () => {};
  const deadline = new Promise<never>((_, reject) => {
    cancel = afterReading(ms, () => reject(late()));
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    cancel();
  }
}
