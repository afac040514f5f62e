import { type ApiKey, type KeyScope, withKeyStore } from '@wxthirdparty/platform';
import type { Command } from '../command.ts';
import { readArguments, UsageError } from '../read-arguments.ts';
import { readSettings } from '../read-settings.ts';

/** The actor in the audit trail. Access to the database's settings is the authorization. */
const BY = { id: 'command-line', address: null, requestId: null };
const PAGE_SIZE = 500;

/** Writes only to the database: every gateway reads it at least once a second. */
export const keys: Command = async ({ env, args, shutdown }) => {
  const work = workOf(args);
  const { databaseUrl } = readSettings(env, 'keys');
  return shutdown.unlessReceived(withKeyStore(databaseUrl, work));
};

type Work = Parameters<typeof withKeyStore<number>>[1];

function workOf([verb, ...args]: readonly string[]): Work {
  switch (verb) {
    case 'create':
      return create(args);
    case 'list':
      readArguments(args, {});
      return list;
    case 'revoke':
      return revoke(readArguments(args, {}, 1).positionals[0]!);
    default:
      throw new UsageError(verb === undefined ? 'An argument is missing.' : `"keys ${verb}" does not exist.`);
  }
}

const TEXT = { type: 'string' } as const;

function create(args: readonly string[]): Work {
  const { name, scopes, accounts, paths, expires, rate } = readArguments(args, {
    ...{ name: TEXT, scopes: TEXT, accounts: TEXT, paths: TEXT, expires: TEXT, rate: TEXT },
  }).values;
  if (name === undefined || scopes === undefined) throw new UsageError('--name and --scopes are required.');
  const input = {
    name,
    scopes: listed(scopes) as KeyScope[],
    accounts: listed(accounts),
    paths: listed(paths),
    expiresAt: expires === undefined ? null : new Date(expires),
    ratePerSecond: rate === undefined ? null : Number(rate),
  };
  return async (store) => {
    const { key, text } = await store.create(input, BY);
    console.error(`Key ${key.id} (${key.name}). It is shown only this once:`);
    // Nothing else on standard output, so that a script can read it.
    console.log(text);
    return 0;
  };
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
    const page = await store.list({ limit: PAGE_SIZE, cursor });
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
  if (expiresAt === null) return 'valid';
  return `${expiresAt.getTime() > Date.now() ? 'valid until' : 'expired'} ${expiresAt.toISOString()}`;
}

function revoke(id: string): Work {
  return async (store) => {
    if ((await store.revoke(id, BY)) === 'unknown') {
      console.error('No key has this id; "keys list" shows them.');
      return 1;
    }
    console.log(`Key ${id} is revoked; every gateway refuses it within a second.`);
    return 0;
  };
}
