import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';

/** The arguments do not fit the command. The process prints the message with the command's usage and exits with 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * Reads options and exactly `positionals` other arguments. Throws UsageError for unknown options, for options without
 * their value, and for missing or additional arguments.
 */
export function readArguments<T extends ParseArgsOptionsConfig>(args: readonly string[], options: T, positionals = 0) {
  const read = parse(args, options);
  if (read.positionals.length < positionals) throw new UsageError('An argument is missing.');
  if (read.positionals.length > positionals) {
    throw new UsageError(`Unexpected argument "${read.positionals[positionals]}".`);
  }
  return read;
}

function parse<T extends ParseArgsOptionsConfig>(args: readonly string[], options: T) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (cause) {
    // Node explains the option in its first sentence, and the way around its check in the others.
    throw new UsageError(`${(cause as Error).message.split('. ', 1)[0]!.replace(/\.$/, '')}.`, { cause });
  }
}
