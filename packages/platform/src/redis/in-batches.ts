interface Waiting<Input, Output> {
  readonly input: Input;
  resolve(output: Output): void;
  reject(error: unknown): void;
}

/**
 * Collects what is asked for during one iteration of the event loop and hands it to `send` at once, so that many requests
 * share one command batch. `send` returns one output or error for each input.
 */
export function inBatches<Input, Output>(
  send: (inputs: readonly Input[]) => Promise<readonly (Output | Error)[]>,
): (input: Input) => Promise<Output> {
  let waiting: Waiting<Input, Output>[] = [];
  const flush = async (): Promise<void> => {
    const batch = waiting;
    waiting = [];
    try {
      const outputs = await send(batch.map(({ input }) => input));
      for (const [i, { resolve, reject }] of batch.entries()) {
        const output = outputs[i];
        if (output instanceof Error) reject(output);
        else resolve(output as Output);
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  };
  return (input) =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) setImmediate(() => void flush());
      waiting.push({ input, resolve, reject });
    });
}
