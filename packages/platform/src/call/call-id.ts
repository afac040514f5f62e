import { randomBytes } from 'node:crypto';

export interface CallId {
  readonly component: string;
  readonly appid: string;
  readonly id: string;
}

const SHAPE = /^([A-Za-z0-9_-]{1,64})\.([A-Za-z0-9_-]{1,64})\.[A-Za-z0-9_-]{22}$/;

/** Consists of the owner, which leads to the record's slot, and of random characters, so that it cannot be guessed. */
export function newCallId(component: string, appid: string): CallId {
  return { component, appid, id: `${component}.${appid}.${randomBytes(16).toString('base64url')}` };
}

/** Undefined for a text that cannot be the id of a call. */
export function parseCallId(id: string): CallId | undefined {
  const match = SHAPE.exec(id);
  return match ? { component: match[1]!, appid: match[2]!, id } : undefined;
}
