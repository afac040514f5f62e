import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** Random at each start of the system, and the same in all of its containers. */
const BOOT_ID = '/proc/sys/kernel/random/boot_id';

/** Tells machines apart: host names may be equal, and containers of one machine have several. */
export function machineId(): string {
  return createHash('sha256')
    .update(bootId() ?? hostname())
    .digest('hex')
    .slice(0, 16);
}

function bootId(): string | undefined {
  try {
    return readFileSync(BOOT_ID, 'utf8').trim();
  } catch {
    return undefined;
  }
}
