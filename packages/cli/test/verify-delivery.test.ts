import { spawnSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../src/root.ts';

const secret = Buffer.alloc(32, 'a');
const WX_SECRET = `whsec_${secret.toString('base64')}`;
const body = '{"type":"message.text","data":{"id":"an-id"}}';
const signature = createHmac('sha256', secret).update(`an-id.1795874599.${body}`).digest('base64');
const request = `webhook-id: an-id\nwebhook-timestamp: 1795874599\nwebhook-signature: v1,${signature}\n\n${body}`;

function verify(args: readonly string[], env: NodeJS.ProcessEnv = {}, input = request) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'packages/cli/src/main.ts'), 'verify-delivery', ...args],
    { input, encoding: 'utf8', env: { PATH: process.env.PATH, ...env } },
  );
  return { status, stdout, stderr };
}

describe('verify-delivery', () => {
  it('reads the request from standard input and the secret from the environment; the exit code says the result', () => {
    const received = ['-', '--received', '2026-11-28T14:04:00Z'];
    expect(verify(received, { WX_SECRET })).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/The delivery is genuine\.\n$/),
      stderr: '',
    });
    const changed = verify(received, { WX_SECRET }, `${request}\n`);
    expect(changed).toMatchObject({ status: 1, stdout: expect.stringContaining('line break') });
    expect(changed.stdout).toMatch(/A receiver refuses this delivery\.\n$/);
  });

  it('says what is missing: the secret, the file, an argument', () => {
    expect(verify(['-'])).toMatchObject({ status: 1, stderr: expect.stringContaining('set WX_SECRET') });
    expect(verify(['no-such-file'], { WX_SECRET }).stderr).toBe('The file no-such-file cannot be read (ENOENT).\n');
    expect(verify([], { WX_SECRET })).toMatchObject({ status: 2, stderr: expect.stringContaining('Usage:') });
    expect(verify(['-', '--received', 'noon'], { WX_SECRET })).toMatchObject({ status: 2 });
  });
});
