/** As in 2015: the error or null, and the result. */
export type Callback<Result> = (error: Error | null, result?: Result) => void;

/** Passes the outcome to the callback; without one, returns the promise. */
export function answer<Result>(
  work: Promise<Result>,
  callback: Callback<Result> | undefined,
): Promise<Result> | undefined {
  if (typeof callback !== 'function') return work;
  deliver(
    work,
    (result) => callback(null, result),
    (error) => callback(error),
  );
  return undefined;
}

/** Outside of the promise: what a callback throws is an uncaught exception, as it was in 2015, not a rejection. */
export function deliver<Result>(
  work: Promise<Result>,
  onResult: (result: Result) => void,
  onError: (error: Error) => void,
): void {
  work.then(
    (result) => process.nextTick(onResult, result),
    (error: Error) => process.nextTick(onError, error),
  );
}
