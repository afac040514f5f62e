export interface ErrorDescription {
  readonly name: string;
  readonly code: string | undefined;
  readonly message: string;
  readonly stack: string | undefined;
  readonly cause: ErrorDescription | undefined;
}

/**
 * What a log may hold of an error. Errors of Redis and SQL clients carry the command with all its arguments as
 * properties, so nothing is taken but what is named here.
 */
export function describeError(error: unknown, depth = 4): ErrorDescription {
  if (!(error instanceof Error)) {
    return {
      name: typeof error,
      code: undefined,
      message: 'something that is no Error',
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
