import {
  DEFAULT_REDIS_PREFIX,
  isNetwork,
  isRedisPrefix,
  readAlarmWebhooks,
  redisAddressFault,
} from '@wxthirdparty/platform';
import { z } from 'zod';
import { componentVariables } from './component-settings.ts';

/** WeChat's hosts, the nearest first, the disaster recovery host last; all serve the same (protocol §9). */
const WECHAT_API_HOSTS = [
  'api.weixin.qq.com',
  'api2.weixin.qq.com',
  'sh.api.weixin.qq.com',
  'sz.api.weixin.qq.com',
  'hk.api.weixin.qq.com',
];

/**
 * The variables of the environment, with their defaults and checks. Each message continues a sentence that begins with
 * the name of the variable.
 */
export const settingsSchema = z.object({
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
    .superRefine((url, { addIssue }) => {
      const message = redisAddressFault(url);
      if (message !== undefined) addIssue({ code: 'custom', message });
    })
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
    // In the form in which requests use them.
    .transform((bases) => bases.map((base) => new URL(base).href.replace(/\/+$/, '')))
    .default(WECHAT_API_HOSTS.map((host) => `https://${host}`)),
  WECHAT_MP_BASE: webAddress('must be an http or https address').default('https://mp.weixin.qq.com'),
  WECHAT_OPEN_BASE: webAddress('must be an http or https address').default('https://open.weixin.qq.com'),
  WECHAT_PROXY: webAddress('must be the http address of a proxy').optional(),
  DELIVERY_NETS: z
    .string()
    .transform((list) => list.split(',').map((network) => network.trim()))
    .refine(
      (networks) => networks.every(isNetwork),
      'must list networks like 10.1.0.0/16 or fd00::/8, separated by commas; the bits after the prefix must be 0, and one address is 10.1.2.3/32',
    )
    .default([]),
  PUSH_DAYS: whole(1, 30).default(7),
  FOLLOWER_DAYS_AFTER_REVOCATION: whole(0, 3_650).default(30),
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
  ADMIN_WRITE: flag().default(false),
  METRICS_TOKEN: z
    .string()
    .regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without spaces')
    .optional(),
  DEMO_TRAFFIC: flag().default(true),
  ALARM_WEBHOOKS: z
    .string()
    .transform((text, { addIssue }) => {
      const read = readAlarmWebhooks(text);
      if ('channels' in read) return [...read.channels];
      for (const message of read.faults) addIssue({ code: 'custom', message });
      return z.NEVER;
    })
    .default([]),
  ALARM_SPEED: whole(1, 1_000).default(1),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
      error: 'must be one of trace, debug, info, warn, error, fatal, silent',
    })
    .default('info'),
  WORKER_CONCURRENCY: whole(1, 10_000).default(50),
  INLINE_CONCURRENCY: whole(1, 10_000).default(500),
  LANE_CONCURRENCY: whole(1, 1_000).default(10),
  DRAIN_MS: whole(0, 600_000).default(0),
  SHUTDOWN_MS: whole(100, 600_000).default(10_000),
});

/** The names of all variables that the processes read from the environment; the component's are in component-settings.ts. */
export const settingNames: readonly string[] = [...Object.keys(settingsSchema.shape), ...componentVariables];

function databaseAddress() {
  return z
    .string()
    .regex(/^(sqlite:.|mysql:\/\/.)/, 'must be sqlite:/absolute/path or mysql://user:password@host/database');
}

function whole(min: number, max: number) {
  const message = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, message)
    .transform(Number)
    .refine((value) => value >= min && value <= max, message);
}

function flag() {
  return z
    .enum(['true', 'false', '1', '0', 'yes', 'no', 'on', 'off'], 'must be true or false')
    .transform((word) => ['true', '1', 'yes', 'on'].includes(word));
}

function webAddress(message: string) {
  return z
    .string()
    .refine(isWebAddress, message)
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
