import { isAbsolute, join, resolve } from 'node:path';
import type { AlarmChannel, ComponentSettings } from '@wxthirdparty/platform';
import { readComponents } from './component-settings.ts';
import { type ConfiguredCommand, missingSettings, requirementsOf } from './requirements.ts';
import { root } from './root.ts';
import { SettingsFailure } from './settings-failure.ts';
import { settingsSchema } from './settings-schema.ts';
import { weakSecrets } from './weak-secrets.ts';

export interface Settings {
  /** Undefined: a worker that does not listen. 0: any free port. */
  port: number | undefined;
  host: string;
  /** Without a slash at its end. Undefined: http://localhost:PORT. */
  publicUrl: string | undefined;
  trustProxy: string | undefined;
  returnToOrigins: string[];
  redisUrl: string | undefined;
  redisPrefix: string;
  databaseUrl: string;
  /** A replica that lists and exports are read from. */
  databaseReadUrl: string | undefined;
  /** Absolute. */
  dataDir: string;
  components: ComponentSettings[];
  wechat: WechatSettings;
  /** Networks in CIDR notation. Empty in demo mode, which fills in loopback. */
  deliveryNets: string[];
  /** How long pushes and deliveries are kept. */
  /** Without one, metrics are for this host and private networks. */
  metricsToken: string | undefined;
  pushDays: number;
  /** After this time the followers of an account that revoked its consent are erased. */
  followerDaysAfterRevocation: number;
  /** The first one seals; all of them open. Empty in demo mode, which makes its own. */
  secretsKeys: Buffer[];
  apiKey: string | undefined;
  admin: { user: string; password: string | undefined; write: boolean };
  /** In demo mode, users and a business program act by themselves. */
  demoTraffic: boolean;
  alarms: { channels: AlarmChannel[]; speed: number };
  logLevel: string;
  workerConcurrency: number;
  inlineConcurrency: number;
  laneConcurrency: number;
  /** How long a gateway still serves while /readyz already answers 503. */
  drainMs: number;
  /** Everything that was given, also to other programs. */
  env: NodeJS.ProcessEnv;
  /** How long the process may then take to finish its work or requeue it. */
  shutdownMs: number;
}

export interface WechatSettings {
  /** The first is preferred; the others are used while it cannot be reached. */
  apiBases: string[];
  mpBase: string;
  openBase: string;
  proxy?: string;
}

/**
 * Reads and checks the whole environment at once. An empty variable counts as not set, because a compose file passes
 * unset variables as empty ones. Throws SettingsFailure with all faults.
 */
export function readSettings(env: NodeJS.ProcessEnv, command: ConfiguredCommand): Settings {
  const faults: string[] = [];
  const given = Object.fromEntries(Object.keys(settingsSchema.shape).map((name) => [name, env[name] || undefined]));
  const parsed = settingsSchema.safeParse(given);
  if (!parsed.success)
    for (const issue of parsed.error.issues) faults.push(`${String(issue.path[0])} ${issue.message}.`);

  const requirements = requirementsOf(command, env);
  const components =
    requirements.serves || requirements.requires.includes('component')
      ? readComponents(env, given.WX_COMPONENTS_FILE && absolute(given.WX_COMPONENTS_FILE), faults)
      : [];
  faults.push(...missingSettings(requirements, env));
  if (requirements.serves) faults.push(...weakSecrets(given));
  if (!parsed.success || faults.length > 0) throw new SettingsFailure(faults);

  const values = parsed.data;
  const dataDir = absolute(values.DATA_DIR);
  return {
    port: values.PORT ?? (command === 'worker' ? undefined : 3000),
    host: values.HOST,
    publicUrl: values.PUBLIC_URL,
    trustProxy: values.TRUST_PROXY,
    returnToOrigins: values.RETURN_TO_ORIGINS,
    redisUrl: values.REDIS_URL,
    redisPrefix: values.REDIS_PREFIX,
    databaseUrl: absoluteDatabaseUrl(values.DATABASE_URL ?? `sqlite:${join(dataDir, 'wxthirdparty.sqlite')}`),
    databaseReadUrl: values.DATABASE_READ_URL === undefined ? undefined : absoluteDatabaseUrl(values.DATABASE_READ_URL),
    dataDir,
    components,
    wechat: {
      apiBases: values.WECHAT_API_BASE,
      mpBase: values.WECHAT_MP_BASE,
      openBase: values.WECHAT_OPEN_BASE,
      ...(values.WECHAT_PROXY === undefined ? {} : { proxy: values.WECHAT_PROXY }),
    },
    deliveryNets: values.DELIVERY_NETS,
    pushDays: values.PUSH_DAYS,
    followerDaysAfterRevocation: values.FOLLOWER_DAYS_AFTER_REVOCATION,
    secretsKeys: values.SECRETS_KEY ?? [],
    apiKey: values.API_KEY,
    metricsToken: values.METRICS_TOKEN,
    admin: { user: values.ADMIN_USER, password: values.ADMIN_PASSWORD, write: values.ADMIN_WRITE },
    demoTraffic: values.DEMO_TRAFFIC,
    alarms: { channels: values.ALARM_WEBHOOKS, speed: values.ALARM_SPEED },
    logLevel: values.LOG_LEVEL,
    workerConcurrency: values.WORKER_CONCURRENCY,
    inlineConcurrency: values.INLINE_CONCURRENCY,
    laneConcurrency: values.LANE_CONCURRENCY,
    drainMs: values.DRAIN_MS,
    env,
    shutdownMs: values.SHUTDOWN_MS,
  };
}

/** Relative paths are relative to the root, which holds `.env`, whatever the working directory is. */
function absolute(path: string): string {
  return resolve(root, path);
}

/** With the path of SQLite's file made absolute. */
export function absoluteDatabaseUrl(given: string): string {
  if (!given.startsWith('sqlite:')) return given;
  const path = given.slice('sqlite:'.length);
  return path === ':memory:' || isAbsolute(path) ? given : `sqlite:${absolute(path)}`;
}

/** A setting that `readSettings` has checked for this command. */
export function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a setting is missing although it was checked');
  return value;
}
