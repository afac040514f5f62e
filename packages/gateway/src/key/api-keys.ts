import { createHash } from 'node:crypto';
import { type ApiKey, allRights } from '@wxthirdparty/platform';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { sameSecret } from '../http/same-secret.ts';
import type { Caller } from './caller.ts';

/** The id of the key in `API_KEY`. */
export const ENVIRONMENT_KEY = 'API_KEY';

export interface ApiKeys {
  /** Undefined if there is no such key, or it was revoked or has expired. */
  recognize(presented: string): Promise<Caller | undefined>;
  /** The caller that was recognized before with this fingerprint, while the key is valid. */
  find(fingerprint: string): Promise<Caller | undefined>;
}

/** The key in `API_KEY`, which has all rights and is stored nowhere, and the stored keys. */
export function openApiKeys(apiKey: string | undefined, stored: GatewayPlatform['apiKeys']): ApiKeys {
  const own = apiKey === undefined || apiKey === '' ? undefined : { apiKey, caller: callerByEnvironment(apiKey) };
  const callerBy = (key: ApiKey | undefined): Caller | undefined =>
    key && {
      id: key.id,
      name: key.name,
      fingerprint: key.id,
      rights: key,
      admit: () => stored.admit(key),
      isValid: async () => (await stored.find(key.id)) !== undefined,
    };
  return {
    async recognize(presented) {
      if (own && sameSecret(presented, own.apiKey)) return own.caller;
      return callerBy(await stored.recognize(presented));
    },
    async find(fingerprint) {
      if (own?.caller.fingerprint === fingerprint) return own.caller;
      return callerBy(await stored.find(fingerprint));
    },
  };
}

function callerByEnvironment(apiKey: string): Caller {
  return {
    id: ENVIRONMENT_KEY,
    name: ENVIRONMENT_KEY,
    fingerprint: fingerprintOf(apiKey),
    rights: allRights,
    admit: () => Promise.resolve(),
    isValid: () => Promise.resolve(true),
  };
}

/** 16 bytes of a hash in hex: they distinguish keys, and reveal nothing of them. No id is as long. */
function fingerprintOf(apiKey: string): string {
  return createHash('sha256').update('wxthirdparty api key\0').update(apiKey).digest('hex').slice(0, 32);
}
