import { readdir, readFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { expect, it } from 'vitest';

const src = join(import.meta.dirname, '..');
/** The name of the parameter, or the value of a token that was read from the store. */
const TOKEN_STRING = /\baccess_token\b|\bcomponent_access_token\b|\btoken!?\??\.value\b/;

/**
 * `user-token` has none of ours: it reads the token that WeChat issues to a user who logs in. Nor has `alarm`: the robots of
 * DingTalk have an `access_token` in their address.
 */
const FOLDERS = ['request', 'token', 'user-token', 'alarm'];

it('a token string is read and written only by the folders for it', async () => {
  const files = (await readdir(src, { recursive: true })).filter((file) => /(?<!\.test)\.ts$/.test(file));
  expect(files.length).toBeGreaterThan(100);
  const others = files.filter((file) => !FOLDERS.includes(file.split(sep)[0]!));
  const texts = await Promise.all(
    others.map(async (file) => ({ file, text: await readFile(join(src, file), 'utf8') })),
  );
  expect(texts.filter(({ text }) => TOKEN_STRING.test(text)).map(({ file }) => file)).toEqual([]);
});

it('the token is put into a request in one place', async () => {
  const files = (await readdir(import.meta.dirname)).filter((file) => /(?<!\.test)\.ts$/.test(file));
  const texts = await Promise.all(files.map((file) => readFile(join(import.meta.dirname, file), 'utf8')));
  expect(files.filter((_, i) => /'(?:component_)?access_token'/.test(texts[i]!))).toEqual(['put-token.ts']);
});
