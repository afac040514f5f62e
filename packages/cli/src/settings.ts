import { isAbsolute, join, resolve } from 'node:path';
import { type ComponentSettings, DEFAULT_REDIS_PREFIX, isRedisPrefix } from '@wxthirdparty/platform';
import { z } from 'zod';
import { readComponents } from './component-settings.ts';
import { root } from './root.ts';
import { SettingsFailure } from './settings-failure.ts';
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
  /** The first seals, all open. Empty in demo mode, which makes one. */
  secretsKeys: Buffer[];
  apiKey: string | undefined;
  admin: { user: string; password: string | undefined; write: boolean };
  logLevel: string;
  workerConcurrency: number;
  /** How long a gateway still serves after /readyz has begun to answer 503. */
  drainMs: number;
  /** How long the process may then take to finish or hand back its work. */
  shutdownMs: number;
}

export interface WechatSettings {
  /** The first is preferred, the others stand in for it. */
  apiBases: string[];
  mpBase: string;
  openBase: string;
  proxy?: string;
}

/** What a command needs; the simulator reads settings of its own. */
export type Need = 'node' | 'gateway' | 'worker' | 'start' | 'migrate' | 'keys' | 'backup' | 'reseal' | 'import';

/** WeChat's own, the nearest first, then the one for disasters; they share everything (protocol §9). */
const WECHAT_API_HOSTS = [
  'api.weixin.qq.com',
  'api2.weixin.qq.com',
  'sh.api.weixin.qq.com',
  'sz.api.weixin.qq.com',
  'hk.api.weixin.qq.com',
];

/** Every schema's words continue a sentence that begins with the variable's name. */
const variables = {
  PORT: whole(0, 65_535).optional(),
  HOST: z
    .string()
    .regex(/^[A-Za-z0-9.:_-]+$/, 'must be a host name or an IP address')
    .default('127.0.0.1'),
  PUBLIC_URL: webAddress('must be the address that browsers and WeChat use, like https://wx.example.com').optional(),
  TRUST_PROXY: z
    .string()
    .refine(isProxyTrust, 'must be true, a number of proxies, or proxy addresses separated by commas')
    .optional(),
  RETURN_TO_ORIGINS: z
    .string()
    .transform((list) => list.split(',').map((origin) => origin.trim().replace(/\/$/, '')))
    .refine((origins) => origins.every(isOrigin), 'must list origins like https://app.example.com, separated by commas')
    .default([]),
  REDIS_URL: z
    .string()
    .regex(
      /^(redis|rediss|redis\+sentinel|redis\+cluster):\/\/[^\s/]/,
      'must begin with redis://, rediss://, redis+sentinel:// or redis+cluster:// and name a host',
    )
    .optional(),
  REDIS_PREFIX: z.string().refine(isRedisPrefix, 'must be 1 to 24 of A-Z a-z 0-9 _ -').default(DEFAULT_REDIS_PREFIX),
  DATABASE_URL: databaseAddress().optional(),
  DATABASE_READ_URL: databaseAddress().optional(),
  DATA_DIR: z.string().default('.data'),
  WX_COMPONENTS_FILE: z.string().optional(),
  WECHAT_API_BASE: z
    .string()
    .transform((list) => list.split(',').map((base) => base.trim()))
    .refine((bases) => bases.every(isWebAddress), 'must be http or https addresses (several separated by commas)')
    // Written as requests will name them.
    .transform((bases) => bases.map((base) => new URL(base).href.replace(/\/+$/, '')))
    .default(WECHAT_API_HOSTS.map((host) => `https://${host}`)),
  WECHAT_MP_BASE: webAddress('must be an http or https address').default('https://mp.weixin.qq.com'),
  WECHAT_OPEN_BASE: webAddress('must be an http or https address').default('https://open.weixin.qq.com'),
  WECHAT_PROXY: webAddress('must be the http address of a proxy').optional(),
  SECRETS_KEY: z
    .string()
    .transform((list) => list.split(',').map((key) => key.trim()))
    .refine(
      (keys) => keys.every((key) => /^[A-Za-z0-9+/]{43}=$/.test(key)),
      'must be 32 bytes in base64 (several separated by commas); make one with "openssl rand -base64 32"',
    )
    .transform((keys) => keys.map((key) => Buffer.from(key, 'base64')))
    .optional(),
  API_KEY: z
    .string()
    .regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without spaces')
    .optional(),
  ADMIN_USER: z
    .string()
    .regex(/^[^:]+$/, 'must not hold a colon')
    .default('admin'),
  ADMIN_PASSWORD: z.string().optional(),
  ADMIN_WRITE: z
    .enum(['true', 'false', '1', '0', 'yes', 'no', 'on', 'off'], 'must be true or false')
    .transform((word) => ['true', '1', 'yes', 'on'].includes(word))
    .default(false),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
      error: 'must be one of trace, debug, info, warn, error, fatal, silent',
    })
    .default('info'),
  WORKER_CONCURRENCY: whole(1, 10_000).default(50),
  DRAIN_MS: whole(0, 600_000).default(0),
  SHUTDOWN_MS: whole(100, 600_000).default(10_000),
};

/** Read in component-settings.ts, where they stand together. */
const componentVariables = [
  'WX_COMPONENT_APPID',
  'WX_COMPONENT_APPSECRET',
  'WX_TOKEN',
  'WX_ENCODING_AES_KEY',
  'WX_PREVIOUS_TOKEN',
  'WX_PREVIOUS_ENCODING_AES_KEY',
];

/** Every name that the house reads from the environment. */
export const settingNames: readonly string[] = [...Object.keys(variables), ...componentVariables];

/**
 * Reads and checks the whole environment at once. An empty variable counts as one that is not set, since that is what
 * a compose file makes of it. Throws SettingsFailure with all faults.
 */
export function readSettings(env: NodeJS.ProcessEnv, needs: Need): Settings {
  const faults: string[] = [];
  const given = Object.fromEntries(Object.keys(variables).map((name) => [name, env[name] || undefined]));
  const parsed = z.object(variables).safeParse(given);
  if (!parsed.success)
    for (const issue of parsed.error.issues) faults.push(`${String(issue.path[0])} ${issue.message}.`);

  const components = needsComponents(needs)
    ? readComponents(env, given.WX_COMPONENTS_FILE && absolute(given.WX_COMPONENTS_FILE), faults)
    : [];
  faults.push(...missing(env, needs));
  // The other commands must work with weak secrets, so that these can be changed.
  if (runsProcess(needs)) faults.push(...weakSecrets(given));
  if (!parsed.success || faults.length > 0) throw new SettingsFailure(faults);

  const values = parsed.data;
  const dataDir = absolute(values.DATA_DIR);
  return {
    port: values.PORT ?? (needs === 'worker' ? undefined : 3000),
    host: values.HOST,
    publicUrl: values.PUBLIC_URL,
    trustProxy: values.TRUST_PROXY,
    returnToOrigins: values.RETURN_TO_ORIGINS,
    redisUrl: values.REDIS_URL,
    redisPrefix: values.REDIS_PREFIX,
    databaseUrl: databaseUrl(values.DATABASE_URL ?? `sqlite:${join(dataDir, 'wxthirdparty.sqlite')}`),
    databaseReadUrl: values.DATABASE_READ_URL === undefined ? undefined : databaseUrl(values.DATABASE_READ_URL),
    dataDir,
    components,
    wechat: {
      apiBases: values.WECHAT_API_BASE,
      mpBase: values.WECHAT_MP_BASE,
      openBase: values.WECHAT_OPEN_BASE,
      ...(values.WECHAT_PROXY === undefined ? {} : { proxy: values.WECHAT_PROXY }),
    },
    secretsKeys: values.SECRETS_KEY ?? [],
    apiKey: values.API_KEY,
    admin: { user: values.ADMIN_USER, password: values.ADMIN_PASSWORD, write: values.ADMIN_WRITE },
    logLevel: values.LOG_LEVEL,
    workerConcurrency: values.WORKER_CONCURRENCY,
    drainMs: values.DRAIN_MS,
    shutdownMs: values.SHUTDOWN_MS,
  };
}

/** Demo mode: `start` without a component brings a pretended WeChat, and makes its own secrets. */
export function isDemo(env: NodeJS.ProcessEnv): boolean {
  return !env.WX_COMPONENT_APPID && !env.WX_COMPONENTS_FILE;
}

function needsComponents(needs: Need): boolean {
  return runsProcess(needs) || needs === 'import';
}

/** The commands that serve until a signal comes. */
function runsProcess(needs: Need): boolean {
  return needs === 'node' || needs === 'gateway' || needs === 'worker' || needs === 'start';
}

function missing(env: NodeJS.ProcessEnv, needs: Need): string[] {
  const bare = needs === 'migrate' || needs === 'keys' || needs === 'backup' || (needs === 'start' && isDemo(env));
  if (bare) return [];
  const faults: string[] = [];
  if (needsComponents(needs) && isDemo(env)) {
    faults.push(
      'WX_COMPONENT_APPID is missing; name your component (with WX_COMPONENT_APPSECRET, WX_TOKEN, WX_ENCODING_AES_KEY) or list several in WX_COMPONENTS_FILE. To try the system without one, use "npm start".',
    );
  }
  if (!env.SECRETS_KEY) {
    faults.push('SECRETS_KEY is missing; make one with "openssl rand -base64 32", and keep a copy in a safe place.');
  }
  // The others also find the Redis that `start` runs.
  if (runsProcess(needs) && needs !== 'start' && !env.REDIS_URL) {
    faults.push('REDIS_URL is missing; name the Redis that all processes share, like redis://127.0.0.1:6379.');
  }
  return faults;
}

/** Relative paths are relative to the root, where `.env` lies, wherever the command is typed. */
function absolute(path: string): string {
  return resolve(root, path);
}

function databaseUrl(given: string): string {
  if (!given.startsWith('sqlite:')) return given;
  const path = given.slice('sqlite:'.length);
  return path === ':memory:' || isAbsolute(path) ? given : `sqlite:${absolute(path)}`;
}

function databaseAddress() {
  return z
    .string()
    .regex(/^(sqlite:.|mysql:\/\/.)/, 'must be sqlite:/absolute/path or mysql://user:password@host/database');
}

function whole(least: number, most: number) {
  const words = `must be a whole number from ${least} to ${most}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, words)
    .transform(Number)
    .refine((value) => value >= least && value <= most, words);
}

function webAddress(words: string) {
  return z
    .string()
    .refine(isWebAddress, words)
    .transform((url) => url.replace(/\/+$/, ''));
}

function isWebAddress(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === '' && !/\s/.test(text);
}

function isOrigin(text: string): boolean {
  return isWebAddress(text) && URL.parse(text)?.origin === text.toLowerCase();
}

/** What Express understands as `trust proxy`. */
function isProxyTrust(text: string): boolean {
  if (/^(true|false|\d+)$/.test(text)) return true;
  return text
    .split(',')
    .every((part) => /^(loopback|linklocal|uniquelocal|[0-9a-fA-F.:]+(\/[0-9a-fA-F.:]+)?)$/.test(part.trim()));
}

/** A setting that `readSettings` has made sure of for the command that reads it. */
export function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a setting is missing although it was checked');
  return value;
}
