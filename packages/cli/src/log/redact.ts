import { stdSerializers } from 'pino';

const DEPTH = 3;

/**
 * The same line for the log without what goes by one of these names, down to the third level. pino's own `redact` with
 * its wildcards took as long over each line as all the rest of it.
 */
export function redact(line: Record<string, unknown>, secrets: ReadonlySet<string>): Record<string, unknown> {
  const { err } = line;
  // As pino writes it: what an error carries along counts, too.
  const whole = err instanceof Error ? { ...line, err: { ...stdSerializers.err(err) } } : line;
  return without(secrets, whole, DEPTH) as Record<string, unknown>;
}

/** Copies only where there is something to hide. */
function without(secrets: ReadonlySet<string>, value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null || depth === 0) return value;
  let copy: Record<string, unknown> | undefined;
  for (const [name, held] of Object.entries(value)) {
    const shown = secrets.has(name) ? '[secret]' : without(secrets, held, depth - 1);
    if (shown === held) continue;
    copy ??= (Array.isArray(value) ? [...value] : { ...value }) as Record<string, unknown>;
    copy[name] = shown;
  }
  return copy ?? value;
}
