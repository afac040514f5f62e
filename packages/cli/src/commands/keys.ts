import { parseArgs } from 'node:util';
import { type ApiKey, type KeyScope, keyScopes, withKeyStore } from '@wxthirdparty/platform';
import type { Command } from '../command.ts';
import { readSettings } from '../read-settings.ts';

const USAGE = `Usage:
  npm run wxthirdparty -- keys create --name NAME --scopes ${keyScopes.join(',')}
      [--accounts APPID,…] [--paths /cgi-bin/user/info,/cgi-bin/message/*,…] [--expires 2030-01-01T00:00:00Z] [--rate PER_SECOND]
  npm run wxthirdparty -- keys list
  npm run wxthirdparty -- keys revoke ID`;

/** For the audit: whoever may read the database's settings may do this. */
const BY = { id: 'command-line', address: null, requestId: null };
const PAGE = 500;

/** Writes to the database alone: every gateway looks there at least once a second. */
export const keys: Command = async ({ env, args, leaving }) => {
  const work = workOf(args);
  if (!work) {
    console.error(USAGE);
    return 2;
  }
  const { databaseUrl } = readSettings(env, 'keys');
  return leaving.unlessLeft(withKeyStore(databaseUrl, work));
};

type Work = Parameters<typeof withKeyStore<number>>[1];

function workOf([verb, ...args]: readonly string[]): Work | undefined {
  if (verb === 'create') return create(args);
  if (verb === 'list' && args.length === 0) return list;
  const [id, ...more] = args;
  return verb === 'revoke' && id !== undefined && more.length === 0 ? revoke(id) : undefined;
}

function create(args: readonly string[]): Work | undefined {
  const given = optionsOf(args);
  if (given?.name === undefined || given.scopes === undefined) return undefined;
  const { name, expires, rate } = given;
  const wish = {
    name,
    scopes: listed(given.scopes) as KeyScope[],
    accounts: listed(given.accounts),
    paths: listed(given.paths),
    expiresAt: expires === undefined ? null : new Date(expires),
    ratePerSecond: rate === undefined ? null : Number(rate),
  };
  return async (store) => {
    const { key, text } = await store.create(wish, BY);
    console.error(`Key ${key.id} (${key.name}). This is the only time that it is shown:`);
    // Alone on standard output, so that a script can take it.
    console.log(text);
    return 0;
  };
}

function optionsOf(args: readonly string[]) {
  const option = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...args],
      options: { name: option, scopes: option, accounts: option, paths: option, expires: option, rate: option },
    }).values;
  } catch {
    return undefined;
  }
}

function listed(text = ''): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

const list: Work = async (store) => {
  let cursor: string | undefined;
  do {
    const page = await store.list({ limit: PAGE, cursor });
    for (const key of page.items) console.log(lineOf(key));
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return 0;
};

function lineOf(key: ApiKey): string {
  const { id, name, scopes, accounts, paths, ratePerSecond, lastUsedAt } = key;
  const restrictions = [
    ...(accounts.length > 0 ? [`accounts ${accounts.join(',')}`] : []),
    ...(paths.length > 0 ? [`paths ${paths.join(',')}`] : []),
    ...(ratePerSecond === null ? [] : [`${ratePerSecond} a second`]),
  ];
  const used = lastUsedAt === null ? 'never used' : `last used ${lastUsedAt.toISOString()}`;
  return [id, stateOf(key), name, scopes.join(','), ...restrictions, used].join('  ');
}

function stateOf({ revokedAt, expiresAt }: ApiKey): string {
  if (revokedAt !== null) return `revoked ${revokedAt.toISOString()}`;
  if (expiresAt === null) return 'good';
  return `${expiresAt.getTime() > Date.now() ? 'good until' : 'expired'} ${expiresAt.toISOString()}`;
}

function revoke(id: string): Work {
  return async (store) => {
    if ((await store.revoke(id, BY)) === 'unknown') {
      console.error('No key has this id; "keys list" shows them.');
      return 1;
    }
    console.log(`Key ${id} is revoked; within a second it opens nothing any more.`);
    return 0;
  };
}
