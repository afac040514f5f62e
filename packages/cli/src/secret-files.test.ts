import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { secretFileNames, withSecretFiles } from './secret-files.ts';
import { settingNames } from './settings-schema.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wx-secrets-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

describe('a secret in a file', () => {
  it.each(['the secret', 'the secret\n', 'the secret\r\n', 'the secret\n\n'])(
    'is read without the line break of %j',
    (content) => {
      expect(withSecretFiles({}, { API_KEY_FILE: file('key', content) }, folder)).toEqual({ API_KEY: 'the secret' });
    },
  );

  it('keeps blanks and further lines', () => {
    expect(withSecretFiles({}, { API_KEY_FILE: file('key', ' a b \nc \n') }, folder)).toEqual({ API_KEY: ' a b \nc ' });
  });

  it('is found relative to the folder, and beside an empty variable', () => {
    file('key', 'secret');
    expect(withSecretFiles({ API_KEY_FILE: 'key', API_KEY: '', PORT: '1' }, { HOST: 'h' }, folder)).toEqual({
      ...{ API_KEY: 'secret', PORT: '1', HOST: 'h' },
    });
  });

  it('may belong to every variable that is a secret', () => {
    const path = file('any', 'content');
    const env = withSecretFiles({}, Object.fromEntries(secretFileNames.map((name) => [name, path])), folder);
    expect(env).toEqual(Object.fromEntries(secretFileNames.map((name) => [name.replace(/_FILE$/, ''), 'content'])));
    expect(settingNames).toEqual(expect.arrayContaining(Object.keys(env)));
  });

  it('of the environment takes precedence over both forms in .env, and so does its variable', () => {
    const path = file('key', 'from the file');
    const other = join(folder, 'missing');
    expect(withSecretFiles({ API_KEY: 'x', API_KEY_FILE: other }, { API_KEY_FILE: path }, folder)).toEqual({
      API_KEY: 'from the file',
    });
    expect(withSecretFiles({ API_KEY_FILE: other }, { API_KEY: 'plain' }, folder)).toEqual({ API_KEY: 'plain' });
  });
});

it('all faults are reported together, with names and paths, never with content', () => {
  const path = file('key', 'never-shown');
  const env = {
    ...{ API_KEY: 'never-shown', API_KEY_FILE: path },
    ...{ SECRETS_KEY_FILE: join(folder, 'missing'), WX_TOKEN_FILE: file('empty', '\n'), ADMIN_PASSWORD_FILE: folder },
  };
  expect(() => withSecretFiles({}, env, folder)).toThrow(
    expect.objectContaining({
      faults: [
        `SECRETS_KEY_FILE: ${join(folder, 'missing')} cannot be read (ENOENT).`,
        'API_KEY and API_KEY_FILE are both set; keep one of them.',
        `ADMIN_PASSWORD_FILE: ${folder} cannot be read (EISDIR).`,
        `WX_TOKEN_FILE: ${join(folder, 'empty')} is empty.`,
      ],
      message: expect.not.stringContaining('never-shown'),
    }),
  );
});
