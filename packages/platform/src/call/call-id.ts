import { randomFillSync } from 'node:crypto';

export interface CallId {
  readonly component: string;
  readonly appid: string;
  readonly id: string;
}

const RANDOM_BYTES = 16;
/** Random bytes for the next ids: one by one, they would cost a system call each. */
const pool = Buffer.alloc(RANDOM_BYTES * 256);
let used = pool.length;

const SHAPE = /^([A-Za-z0-9_-]{1,64})\.([A-Za-z0-9_-]{1,64})\.[A-Za-z0-9_-]{22}$/;

/** Consists of the owner, which leads to the record's slot, and of random characters, so that it cannot be guessed. */
export function newCallId(component: string, appid: string): CallId {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const random = pool.toString('base64url', used, used + RANDOM_BYTES);
  used += RANDOM_BYTES;
  return { component, appid, id: `${component}.${appid}.${random}` };
}

/** Undefined for a text that cannot be the id of a call. */
export function parseCallId(id: string): CallId | undefined {
  const match = SHAPE.exec(id);
  return match ? { component: match[1]!, appid: match[2]!, id } : undefined;
}
