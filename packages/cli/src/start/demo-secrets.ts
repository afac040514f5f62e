import { randomBytes, randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { readOrCreate } from './private-json.ts';

const account = z.object({
  appid: z.string(),
  kind: z.enum(['official-account', 'mini-program']),
  nickName: z.string(),
  followers: z.number(),
});

const schema = z.object({
  component: z.object({ appid: z.string(), appsecret: z.string(), token: z.string(), encodingAesKey: z.string() }),
  accounts: z.tuple([account, account]),
  secretsKey: z.string(),
  apiKey: z.string(),
  adminPassword: z.string(),
});

export type DemoSecrets = z.infer<typeof schema>;

const FILE = 'demo.json';

/** Those that an earlier start has created in this data folder. */
export function demoSecretsIfAny(dataDir: string): DemoSecrets | undefined {
  return existsSync(join(dataDir, FILE)) ? demoSecrets(dataDir) : undefined;
}

/** The demo's component, accounts and keys: created by the first start and reused by all later ones. */
export function demoSecrets(dataDir: string): DemoSecrets {
  return readOrCreate(join(dataDir, FILE), schema, () => ({
    component: {
      appid: appid(),
      appsecret: randomBytes(16).toString('hex'),
      token: letters(24),
      encodingAesKey: letters(43),
    },
    accounts: [
      { appid: appid(), kind: 'official-account', nickName: '演示服务号', followers: 25 },
      { appid: appid(), kind: 'mini-program', nickName: '演示小程序', followers: 0 },
    ],
    secretsKey: randomBytes(32).toString('base64'),
    apiKey: letters(32),
    adminPassword: letters(16),
  }));
}

function appid(): string {
  return `wx${randomBytes(8).toString('hex')}`;
}

function letters(length: number): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('');
}
