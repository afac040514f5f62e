export interface ErrorDescription {
  readonly name: string;
  readonly code: string | undefined;
  readonly message: string;
  readonly stack: string | undefined;
  readonly cause: ErrorDescription | undefined;
}

/**
 * The parts of an error that may be logged. Errors of Redis and SQL clients have the command with all its arguments as
 * properties, so only what is named here is copied.
 */
export function describeError(error: unknown, depth = 4): ErrorDescription {
  if (!(error instanceof Error)) {
    return {
      name: typeof error,
      code: undefined,
      message: 'a value that is not an Error',
      stack: undefined,
      cause: undefined,
    };
  }
  const code = (error as { code?: unknown }).code;
  return {
    name: error.name,
    code: typeof code === 'string' ? code : undefined,
    message: error.message,
    stack: error.stack,
    cause: error.cause === undefined || depth === 0 ? undefined : describeError(error.cause, depth - 1),
  };
}
