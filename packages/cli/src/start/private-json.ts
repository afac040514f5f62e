import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { Failure } from '@wxthirdparty/wechat';
import type { z } from 'zod';

/**
 * Reads a value that an earlier start stored, or creates and stores it, readable for this user only. The file is written
 * completely or not at all.
 */
export function readOrCreate<T>(file: string, schema: z.ZodType<T>, make: () => T): T {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    const made = make();
    keep(file, made);
    return made;
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    // The cause would quote the file, which contains secrets.
    throw new Failure(
      'kept_file_broken',
      'operator',
      `${file} is damaged; put its backup back, or remove the file to have a new one made.`,
    );
  }
}

export function keep(file: string, value: unknown): void {
  const half = `${file}.new`;
  writeFileSync(half, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  renameSync(half, file);
}
