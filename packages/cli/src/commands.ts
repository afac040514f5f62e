import type { Command } from './command.ts';
import { usage } from './usage.ts';

interface Entry {
  readonly summary: string;
  /** Loaded when it is asked for: nobody waits for the gateway's packages to read the usage. */
  load(): Promise<Command>;
}

export const commands: Readonly<Record<string, Entry>> = {
  start: {
    summary: 'a node beside its own Redis; with a simulated WeChat if no component is configured',
    load: async () => (await import('./commands/start.ts')).start,
  },
  node: {
    summary: 'gateway and worker in one process; run as many as you need behind a load balancer',
    load: async () => (await import('./commands/node.ts')).node,
  },
  gateway: {
    summary: 'answers WeChat, business programs and operators',
    load: async () => (await import('./commands/gateway.ts')).gateway,
  },
  worker: {
    summary: 'does the work that waits in the queues',
    load: async () => (await import('./commands/worker.ts')).worker,
  },
  simulator: {
    summary: 'a WeChat to practise on',
    load: async () => (await import('./commands/simulator.ts')).simulator,
  },
  migrate: {
    summary: 'brings the database up to date (node, gateway and worker do it at their start, too)',
    load: async () => (await import('./commands/migrate.ts')).migrate,
  },
  keys: {
    summary: 'create, list, revoke: API keys for your programs',
    load: async () => (await import('./commands/keys.ts')).keys,
  },
  'callback-secret': {
    summary: 'prints the secret with which receivers check that a callback is ours',
    load: async () => (await import('./commands/callback-secret.ts')).printCallbackSecret,
  },
  backup: {
    summary: 'FILE: copies the SQLite database while it is used',
    load: async () => (await import('./commands/backup.ts')).backup,
  },
  sync: {
    summary: 'APPID [--no-details]: copies the followers of an account, and shows how far it is',
    load: async () => (await import('./commands/sync.ts')).sync,
  },
  quotas: {
    summary: 'APPID: what an account has used of each API today, and when that will be all',
    load: async () => (await import('./commands/quotas.ts')).quotas,
  },
  reseal: {
    summary: 'puts every secret under the first SECRETS_KEY, so that the others may go; processes may run meanwhile',
    load: async () => (await import('./commands/reseal.ts')).reseal,
  },
  'adopt-redis': {
    summary: 'makes a Redis that belongs to another deployment this one’s own, after the database was replaced',
    load: async () => (await import('./commands/adopt-redis.ts')).adoptRedis,
  },
  import: {
    summary: 'wxthirdparty mysql://…: takes over what the library wxthirdparty of 2015 kept; --dry-run only tells',
    load: async () => (await import('./commands/import.ts')).importFrom,
  },
  openapi: {
    summary: 'prints the description of the HTTP API (OpenAPI 3.1)',
    load: async () => (await import('./commands/openapi.ts')).openapi,
  },
  help: {
    summary: 'this text',
    load: async () => async () => {
      console.log(usage(commands));
      return 0;
    },
  },
};
