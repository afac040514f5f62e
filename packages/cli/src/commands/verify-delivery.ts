import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { Failure } from '@wxthirdparty/wechat';
import type { Command } from '../command.ts';
import { readArguments, UsageError } from '../read-arguments.ts';
import { checkDelivery } from '../verify/check-delivery.ts';
import { readSavedRequest } from '../verify/saved-request.ts';
import { webhookSecrets } from '../verify/webhook-secrets.ts';

const TEXT = { type: 'string' } as const;

/** Needs neither a gateway nor a database. The secret is no argument: those are visible to every user of the host. */
export const verifyDelivery: Command = async ({ env, args, shutdown }) => {
  const { values, positionals } = readArguments(args, { body: TEXT, received: TEXT, 'secret-file': TEXT }, 1);
  const receivedAt = values.received === undefined ? new Date() : new Date(values.received);
  if (Number.isNaN(receivedAt.getTime())) {
    throw new UsageError('--received is a time of ISO 8601, like 2030-01-01T00:00:00Z.');
  }
  const secrets = await secretsOf(env, values['secret-file']);
  const saved = await shutdown.unlessReceived(read(positionals[0]!));
  const body = values.body === undefined ? undefined : await shutdown.unlessReceived(read(values.body));
  const { holds, faults } = checkDelivery(readSavedRequest(saved, body), secrets, receivedAt);
  for (const sentence of [...holds, ...faults]) console.log(sentence);
  console.log(faults.length === 0 ? 'The delivery is genuine.' : 'A receiver refuses this delivery.');
  return faults.length === 0 ? 0 : 1;
};

async function secretsOf(env: NodeJS.ProcessEnv, file: string | undefined): Promise<Buffer[]> {
  if (file !== undefined) return webhookSecrets((await read(file)).toString('utf8'), file);
  if (env.WX_SECRET) return webhookSecrets(env.WX_SECRET, 'WX_SECRET');
  throw new Failure(
    'secret_missing',
    'operator',
    'There is no secret: set WX_SECRET to the secret of the subscription, or name a file with it by --secret-file.',
  );
}

async function read(path: string): Promise<Buffer> {
  if (path === '-') return buffer(process.stdin);
  try {
    return await readFile(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new Failure('file_unreadable', 'fix-request', `The file ${path} cannot be read (${code}).`, { cause });
  }
}
