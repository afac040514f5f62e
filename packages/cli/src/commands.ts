import type { Command } from './command.ts';
import { type Documented, overview, usageOf } from './usage.ts';

interface Entry extends Documented {
  /** Works with a `.env` or secret files that cannot be read, and reports what is wrong with them. */
  readonly reportsFaults?: true;
  /** Loads the command's packages only when it runs, so that `help` is fast. */
  load(): Promise<Command>;
}

/** The usage of commands that read nothing from the command line. */
export const NO_ARGUMENTS: readonly string[] = [''];

/** Loading the platform for its list would slow every command down; a test compares the two. */
const doctorChecks = `          settings, secrets-key, data-dir, redis, redis-settings, redis-memory, redis-age, clocks, database,
          component, ticket, component-token, egress, public-url, push-url, queues, versions, second-system`;

export const commands: Readonly<Record<string, Entry>> = {
  start: {
    summary: 'runs a node with its own Redis; with a simulated WeChat when no component is configured',
    usage: NO_ARGUMENTS,
    load: async () => (await import('./commands/start.ts')).start,
  },
  node: {
    summary: 'runs gateway and worker in one process; run as many as you need behind a load balancer',
    usage: NO_ARGUMENTS,
    load: async () => (await import('./commands/node.ts')).node,
  },
  gateway: {
    summary: 'answers WeChat, business programs and operators',
    usage: NO_ARGUMENTS,
    load: async () => (await import('./commands/gateway.ts')).gateway,
  },
  worker: {
    summary: 'processes queued jobs',
    usage: NO_ARGUMENTS,
    load: async () => (await import('./commands/worker.ts')).worker,
  },
  simulator: {
    summary: 'runs a simulated WeChat for tests and demos',
    usage: NO_ARGUMENTS,
    load: async () => (await import('./commands/simulator.ts')).simulator,
  },
  migrate: {
    summary: 'brings the database schema up to date; node, gateway and worker also do this when they start',
    usage: NO_ARGUMENTS,
    load: async () => (await import('./commands/migrate.ts')).migrate,
  },
  keys: {
    summary: 'creates, lists and revokes API keys',
    usage: [
      'create --name NAME --scopes SCOPE,… [--accounts APPID,…] [--paths PATH,…] [--expires TIME] [--rate NUMBER]',
      'list',
      'revoke ID',
    ],
    details: `  --scopes    one or several of calls, followers:read, authorizers:read, authorizers:write, pushes:read, pushes:write,
              admin
  --accounts  only for these accounts
  --paths     only for these WeChat APIs, like /cgi-bin/user/info or /cgi-bin/message/*
  --expires   an ISO 8601 time, like 2030-01-01T00:00:00Z
  --rate      requests per second`,
    load: async () => (await import('./commands/keys.ts')).keys,
  },
  'callback-secret': {
    summary: 'prints the secret with which receivers verify the signature of a callback',
    usage: NO_ARGUMENTS,
    load: async () => (await import('./commands/callback-secret.ts')).printCallbackSecret,
  },
  'verify-delivery': {
    summary: 'checks the signature of a saved delivery and says why a receiver refuses it',
    usage: ['REQUEST [--body FILE] [--secret-file FILE] [--received TIME]'],
    details: `REQUEST is a file, or - for standard input, with the request: header lines, an empty line and the body; or JSON with
"headers" and "body". The secret of the subscription is read from WX_SECRET (several: separated by blanks).

  --body         a file with the body, if REQUEST has only the headers
  --secret-file  a file with the secret, instead of WX_SECRET
  --received     when the request arrived, like 2030-01-01T00:00:00Z; by default now

Exit code 0: the delivery is genuine; 1: a receiver refuses it.`,
    load: async () => (await import('./commands/verify-delivery.ts')).verifyDelivery,
  },
  backup: {
    summary:
      'copies the SQLite database to a file while it is in use; prints the command that copies MySQL and MariaDB',
    usage: ['FILE'],
    details: `SQLite: copies the database to FILE, which must not exist yet. Exit code 0.
MySQL, MariaDB: copies nothing, but prints the complete command that does, without the password. Exit code 1, so that a script
does not count on a copy.

Keep SECRETS_KEY as well: the secrets in the copy are encrypted with it.`,
    load: async () => (await import('./commands/backup.ts')).backup,
  },
  sync: {
    summary: 'copies the followers of an account and shows the progress',
    usage: ['APPID [--no-details] [--component APPID]'],
    details: `  --no-details  copies only the openids
  --component   the component, if several have this account`,
    load: async () => (await import('./commands/sync.ts')).sync,
  },
  quotas: {
    summary: 'shows what an account has used of each API today, and when the quota will be exhausted',
    usage: ['APPID [--component APPID]'],
    details: 'The appid of a component shows its own quotas, if --component names it, too.',
    load: async () => (await import('./commands/quotas.ts')).quotas,
  },
  'release-rehearsal': {
    summary: "rehearses WeChat's release check: acts as WeChat towards PUBLIC_URL and prints each step",
    usage: ['[--component APPID]'],
    details: `  --component  the component, if several are configured

Needs API_KEY, or a key with the scopes admin and authorizers:read. Prints Token and key of the component. Exit code 0: all
steps are ok; 1: one failed.`,
    load: async () => (await import('./commands/release-rehearsal.ts')).releaseRehearsal,
  },
  alarms: {
    summary: 'sends a test message to each alarm channel of ALARM_WEBHOOKS and prints the answers',
    usage: ['test [--channel ID]'],
    details: `  --channel  only to this one, like wecom-1

Needs neither Redis nor a running process. Exit code 0: every channel accepted the message; 1: one did not.`,
    load: async () => (await import('./commands/alarms.ts')).alarms,
  },
  doctor: {
    summary: 'examines settings, Redis, database, WeChat, PUBLIC_URL and queues, and says what to do about each fault',
    usage: ['[--json] [--only NAME,…]'],
    details: `  --json  prints the results as JSON, with causes and remedies in English and Chinese
  --only  runs only these checks:
${doctorChecks}

Needs no running process, and works while Redis or the database is unavailable. It takes at most 20 seconds and changes nothing,
except that component-token may fetch a component token, as every process does. Exit code 0: no check failed; 1: one failed.`,
    reportsFaults: true,
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },
  'rotate-secrets': {
    summary: 're-encrypts all stored secrets with the first SECRETS_KEY, so that older keys can be removed',
    usage: NO_ARGUMENTS,
    details: 'The processes may keep running. The former name of this command, reseal, still works.',
    load: async () => (await import('./commands/rotate-secrets.ts')).rotateSecrets,
  },
  'adopt-redis': {
    summary: 'takes over a Redis that belongs to another deployment, after the database was replaced',
    usage: ['[--yes] [--discard]'],
    details: `Makes the Redis of REDIS_URL, which carries the identity of another deployment, this database's own. Queued calls and
jobs in it are continued, so use it only if they are yours. All processes must be stopped.

  --yes      makes the change; without it the command only reports
  --discard  first deletes the calls and jobs, with every other key under REDIS_PREFIX; tickets, tokens and due times
             are restored from the database or WeChat`,
    load: async () => (await import('./commands/adopt-redis.ts')).adoptRedis,
  },
  'discard-calls': {
    summary: 'discards the calls in a Redis that was restored from a backup, so that none of them is sent again',
    usage: ['[--yes]'],
    details: `A Redis that was restored from a backup or an old file has calls that have been sent and settled since. This settles each of
them as failed (call_lost), without a callback, and deletes the lanes and the jobs of the queues calls, lanes and callbacks.
All processes must be stopped. Tickets, tokens, syncs and due times are not changed.

  --yes  does it without asking; where no terminal can be asked, nothing is changed without it`,
    load: async () => (await import('./commands/discard-calls.ts')).discardCalls,
  },
  import: {
    summary: 'imports the data of the 2015 library wxthirdparty',
    usage: ['wxthirdparty mysql://user:password@host/database [--dry-run] [--component APPID]'],
    details: `  --dry-run    only reports what would be imported
  --component  the component that the library served, if several are configured`,
    load: async () => (await import('./commands/import.ts')).importFrom,
  },
  openapi: {
    summary: 'prints the description of the HTTP API (OpenAPI 3.1)',
    usage: NO_ARGUMENTS,
    load: async () => (await import('./commands/openapi.ts')).openapi,
  },
  help: {
    summary: 'prints this text, or describes one command',
    usage: ['[COMMAND]'],
    load: async () => help,
  },
};

/** Former names of commands. */
const ALIASES: Readonly<Record<string, string>> = { reseal: 'rotate-secrets' };

/** The command of this name or alias, with its name. */
export function findCommand(given: string): { readonly name: string; readonly entry: Entry } | undefined {
  const name = Object.hasOwn(ALIASES, given) ? ALIASES[given]! : given;
  return Object.hasOwn(commands, name) ? { name, entry: commands[name]! } : undefined;
}

const help: Command = async ({ args: [given] }) => {
  if (given === undefined) {
    console.log(overview(commands));
    return 0;
  }
  const found = findCommand(given);
  if (!found) {
    console.error(unknownCommand(given));
    return 2;
  }
  console.log(usageOf(found.name, found.entry));
  return 0;
};

export function unknownCommand(given: string): string {
  return `There is no command "${given}". The commands are: ${Object.keys(commands).join(', ')}.`;
}
