import { join, resolve } from 'node:path';
import type { DoctorSettings } from '@wxthirdparty/platform';
import { Failure } from '@wxthirdparty/wechat';
import { readComponents } from '../component-settings.ts';
import { absoluteDatabaseUrl } from '../read-settings.ts';
import { isDemo, missingSettings } from '../requirements.ts';
import { root } from '../root.ts';
import { settingsSchema } from '../settings-schema.ts';
import { demoSecretsIfAny } from '../start/demo-secrets.ts';
import { ownRedisUrl } from '../start/own-redis.ts';
import { runningDemo } from '../start/running-demo.ts';

/** What the doctor reads of the environment. */
export interface UsableSettings {
  readonly settings: Omit<DoctorSettings, 'openQueues' | 'typed' | 'checkSettings'>;
  /** Sentences without values. */
  readonly faults: readonly string[];
}

/**
 * As `readSettings` reads them, but each setting by itself: one that cannot be used is a fault and leaves its default, or, for an
 * address or a secret, nothing. Without a component, the settings are those of the demo that `start` runs.
 */
export function readUsableSettings(env: NodeJS.ProcessEnv): UsableSettings {
  const faults: string[] = [];
  const attempt = <T>(read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      faults.push(error.message);
      return undefined;
    }
  };
  const values = readEach(env, faults);
  const dataDir = resolve(root, values.DATA_DIR);
  const demo = isDemo(env) ? attempt(() => demoSecretsIfAny(dataDir)) : undefined;
  const running = demo && attempt(() => runningDemo(dataDir));
  const componentFaults: string[] = [];
  if (!demo) {
    componentFaults.push(...missingSettings({ requires: ['component'] }, env));
    faults.push(...missingSettings({ requires: ['secretsKey'] }, env));
  }
  const file = values.WX_COMPONENTS_FILE && resolve(root, values.WX_COMPONENTS_FILE);
  const components = demo ? [demo.component] : readComponents(env, file, componentFaults);
  const beside = env.REDIS_URL ? undefined : attempt(() => ownRedisUrl(dataDir));
  if (!env.REDIS_URL && beside === undefined) faults.push(...missingSettings({ requires: ['redis'] }, env));
  const sqlite = `sqlite:${join(dataDir, 'wxthirdparty.sqlite')}`;
  const databaseUrl = values.DATABASE_URL ?? (env.DATABASE_URL ? undefined : sqlite);
  const demoKeys = demo && !env.SECRETS_KEY ? [Buffer.from(demo.secretsKey, 'base64')] : [];
  const defaultUrl = running?.publicUrl || `http://localhost:${values.PORT ?? 3000}`;
  const { WECHAT_PROXY: proxy } = values;
  return {
    faults,
    settings: {
      redisUrl: values.REDIS_URL ?? beside,
      redisPrefix: values.REDIS_PREFIX,
      databaseUrl: databaseUrl === undefined ? undefined : absoluteDatabaseUrl(databaseUrl),
      secretsKeys: values.SECRETS_KEY ?? demoKeys,
      components,
      componentFaults,
      wechat: { apiBases: running?.apiBases ?? values.WECHAT_API_BASE, ...(proxy === undefined ? {} : { proxy }) },
      publicUrl: values.PUBLIC_URL ?? (env.PUBLIC_URL ? undefined : defaultUrl),
      dataDir,
    },
  };
}

function readEach(env: NodeJS.ProcessEnv, faults: string[]) {
  const names = Object.keys(settingsSchema.shape);
  const given = names.map((name) => [name, env[name] || undefined] as const);
  const parsed = settingsSchema.safeParse(Object.fromEntries(given));
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) faults.push(`${String(issue.path[0])} ${issue.message}.`);
  const unusable = new Set(parsed.error.issues.map(({ path }) => path[0]));
  return settingsSchema.parse(Object.fromEntries(given.filter(([name]) => !unusable.has(name))));
}
