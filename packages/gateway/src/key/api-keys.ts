import { createHash } from 'node:crypto';
import { type ApiKey, allRights } from '@wxthirdparty/platform';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { sameSecret } from '../http/same-secret.ts';
import type { Caller } from './caller.ts';

export interface ApiKeys {
  /** Undefined when nobody gave out such a key, or took it back. */
  recognize(presented: string): Promise<Caller | undefined>;
  /** Whoever was recognized before with this fingerprint, as long as the key is good. */
  find(fingerprint: string): Promise<Caller | undefined>;
}

/** The one key of `API_KEY`, which may do everything and is kept nowhere, and those that were given out. */
export function openApiKeys(apiKey: string | undefined, stored: GatewayPlatform['apiKeys']): ApiKeys {
  const own = apiKey === undefined || apiKey === '' ? undefined : { apiKey, caller: callerByEnvironment(apiKey) };
  const callerBy = (key: ApiKey | undefined): Caller | undefined =>
    key && {
      id: key.id,
      fingerprint: key.id,
      rights: key,
      admit: () => stored.admit(key),
      isGood: async () => (await stored.find(key.id)) !== undefined,
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
    id: 'API_KEY',
    fingerprint: fingerprintOf(apiKey),
    rights: allRights,
    admit: () => Promise.resolve(),
    isGood: () => Promise.resolve(true),
  };
}

/** 16 bytes of a hash, hex: enough to tell keys apart, useless to anybody who finds it. No id is as long. */
function fingerprintOf(apiKey: string): string {
  return createHash('sha256').update('wxthirdparty api key\0').update(apiKey).digest('hex').slice(0, 32);
}
