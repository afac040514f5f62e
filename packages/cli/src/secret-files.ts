import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { SettingsFailure } from './settings-failure.ts';

/** The variables that contain a secret, or an address with a password. */
const SECRETS = [
  'SECRETS_KEY',
  'API_KEY',
  'ADMIN_PASSWORD',
  'METRICS_TOKEN',
  'WX_COMPONENT_APPSECRET',
  'WX_TOKEN',
  'WX_ENCODING_AES_KEY',
  'WX_PREVIOUS_TOKEN',
  'WX_PREVIOUS_ENCODING_AES_KEY',
  'REDIS_URL',
  'DATABASE_URL',
  'DATABASE_READ_URL',
  'WECHAT_PROXY',
  'ALARM_WEBHOOKS',
];

/** The variables that name a file with a secret, as Docker and Kubernetes mount it. */
export const secretFileNames: readonly string[] = SECRETS.map(fileNameOf);

/**
 * The variables of the environment and of `.env`, with the secrets that files contain. A variable of the environment takes
 * precedence over both forms of the same one in `.env`. Relative paths are relative to `folder`. Throws SettingsFailure
 * with all faults, or adds them to `collected` and returns the rest.
 */
export function withSecretFiles(
  dotEnv: Readonly<Record<string, string>>,
  env: NodeJS.ProcessEnv,
  folder: string,
  collected?: string[],
): NodeJS.ProcessEnv {
  const given: NodeJS.ProcessEnv = { ...dotEnv };
  for (const name of SECRETS) {
    if (env[fileNameOf(name)]) delete given[name];
    if (env[name]) delete given[fileNameOf(name)];
  }
  Object.assign(given, env);
  const faults = collected ?? [];
  for (const name of SECRETS) {
    const path = given[fileNameOf(name)];
    if (!path) continue;
    if (given[name]) faults.push(`${name} and ${fileNameOf(name)} are both set; keep one of them.`);
    else given[name] = readSecret(name, resolve(folder, path), faults);
    delete given[fileNameOf(name)];
  }
  if (collected === undefined && faults.length > 0) throw new SettingsFailure(faults);
  return given;
}

function fileNameOf(name: string): string {
  return `${name}_FILE`;
}

function readSecret(name: string, file: string, faults: string[]): string | undefined {
  try {
    // Editors and `echo` end a file with a line break, which is no part of the secret.
    const secret = readFileSync(file, 'utf8').replace(/(\r?\n)+$/, '');
    if (secret !== '') return secret;
    faults.push(`${fileNameOf(name)}: ${file} is empty.`);
  } catch (cause) {
    faults.push(`${fileNameOf(name)}: ${file} cannot be read (${(cause as NodeJS.ErrnoException).code}).`);
  }
  return undefined;
}
