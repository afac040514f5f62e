import { randomBytes } from 'node:crypto';
import type { RedisClient } from '../redis/connect.ts';

const TTL_MS = 30_000;
const ID = /^[0-9a-f]{32}$/;

/** An address that no client has (RFC 5737). The doctor names it in X-Forwarded-For, as a caller could who wants to be another. */
export const FORGED_ADDRESS = '192.0.2.1';

/** Which address a gateway takes for the caller's, as the doctor's request arrived. */
export type ArrivedAs =
  /** The one that the outermost proxy has seen, or, without a proxy, that of the connection. */
  | 'caller'
  /** The address that the caller itself has named: TRUST_PROXY trusts more than there is. */
  | 'forged'
  /** A proxy's address: TRUST_PROXY trusts less than there is. */
  | 'proxy';

/** A value that is in Redis for a moment; a gateway that answers with it uses the same Redis. */
export interface Nonce {
  readonly id: string;
  readonly value: string;
}

export async function putNonce(redis: RedisClient): Promise<Nonce> {
  const [id, value] = [randomBytes(16).toString('hex'), randomBytes(16).toString('hex')];
  await redis.set(redis.keyspace.doctorNonce(id), value, 'PX', TTL_MS);
  return { id, value };
}

/** Undefined: there is none of this id. */
export async function readNonce(redis: RedisClient, id: string): Promise<string | undefined> {
  if (!ID.test(id)) return undefined;
  return (await redis.get(redis.keyspace.doctorNonce(id))) ?? undefined;
}
