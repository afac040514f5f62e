import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { callbackSecret } from '@wxthirdparty/platform';
import type { Command } from '../command.ts';
import { readSettings } from '../read-settings.ts';
import { isDemo } from '../requirements.ts';
import { SettingsFailure } from '../settings-failure.ts';
import { demoSecrets } from '../start/demo-secrets.ts';

/** Prints nothing but the secret, so that a script can read it. */
export const printCallbackSecret: Command = async ({ env }) => {
  const { secretsKeys, dataDir } = readSettings(env, 'callback-secret');
  const demo = isDemo(env) && existsSync(join(dataDir, 'demo.json')) ? demoSecrets(dataDir).secretsKey : undefined;
  const key = secretsKeys[0] ?? (demo === undefined ? undefined : Buffer.from(demo, 'base64'));
  if (!key) throw new SettingsFailure(['SECRETS_KEY is missing; the secret is derived from it.']);
  console.log(callbackSecret(key));
  return 0;
};
