import { AuthorizerStore } from '../../authorizer/authorizer-store.ts';
import { tokenEffects } from '../../authorizer/token-effects.ts';
import { Tickets } from '../../component/ticket.ts';
import { migrateOpen } from '../../database/migrate.ts';
import { openDatabase } from '../../database/open.ts';
import { Deployment } from '../../deployment/deployment.ts';
import { connectRedis, type RedisSettings, untilConnected } from '../../redis/connect.ts';
import { Scope } from '../../scope.ts';
import { Seals } from '../../sealing/seals.ts';
import { TokenStore } from '../../token/token-store.ts';
import { type Remark, Remarks } from './remarks.ts';
import { openSourceDatabase, type SourceDatabase } from './source-database.ts';
import { type AccountsTaken, takeAccounts } from './take-accounts.ts';
import { type FollowersTaken, takeFollowers } from './take-followers.ts';
import { type TicketTaken, takeTicket } from './take-ticket.ts';

const CONNECT_TIMEOUT_MS = 10_000;

export interface Import2015Report {
  readonly ticket: TicketTaken;
  readonly accounts: AccountsTaken;
  readonly followers: FollowersTaken;
  readonly remarks: readonly Remark[];
}

/**
 * Imports the four tables of the library `wxthirdparty` of 2015. What is already known and what is newer here stays as it
 * is, so the import may be aborted, and run again. A dry run reads everything and writes nothing.
 */
export async function import2015(
  settings: RedisSettings & { readonly databaseUrl: string; readonly secretsKeys: readonly Buffer[] },
  options: {
    /** The library's `mysql://user:password@host/database`. */
    readonly from: string;
    /** The component that the library served. */
    readonly component: string;
    readonly dryRun: boolean;
    readonly signal?: AbortSignal;
    /** Called from time to time with the number of follower rows read. */
    readonly progress?: (rows: number) => void;
  },
): Promise<Import2015Report> {
  await using scope = new Scope();
  const { component, dryRun, signal, progress } = options;
  const remarks = new Remarks();
  const source = scope.keep('source database', openSourceDatabase(options.from), (s) => s.close());
  // Before anything of ours is opened, so that a wrong URL is reported at once.
  const tables = await tablesOf(source, remarks);

  const seals = new Seals(settings.secretsKeys);
  const database = scope.keep('database', openDatabase(settings.databaseUrl), (d) => d.destroy());
  await migrateOpen(database);
  const redis = scope.keep('redis', connectRedis(settings, 'blocking', 'import'), (r) => r.disconnect());
  await untilConnected(redis, CONNECT_TIMEOUT_MS);

  if (!dryRun) await new Deployment(redis, database, settings.secretsKeys).claim();

  const tickets = new Tickets(redis, database, seals);
  const ticket: TicketTaken = tables.has('component_secrets')
    ? await takeTicket(component, { source, tickets, remarks, dryRun })
    : 'none';
  const { taken: accounts, appidOf } = tables.has('wx_users_info')
    ? await takeAccounts(component, {
        source,
        remarks,
        dryRun,
        signal,
        database,
        seals,
        authorizers: new AuthorizerStore(database, seals),
        tokens: new TokenStore(redis, seals, tokenEffects),
      })
    : { taken: { rows: 0, added: 0, renewed: 0, kept: 0, handles: 0 }, appidOf: new Map<string, string>() };
  let followers: FollowersTaken = { rows: 0, added: 0, kept: 0 };
  if (tables.has('wx_followers')) {
    followers = await takeFollowers(component, appidOf, { source, database, remarks, dryRun, signal, progress });
  }
  return { ticket, accounts, followers, remarks: remarks.all() };
}

async function tablesOf(source: SourceDatabase, remarks: Remarks): Promise<Set<string>> {
  const present = new Set<string>();
  for (const table of ['component_secrets', 'wx_users_info', 'wx_followers']) {
    if (await source.has(table)) present.add(table);
    else remarks.note('a missing table', table);
  }
  return present;
}
