import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseDotEnv, readDotEnv } from './dot-env.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wx-dot-env-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('.env', () => {
  it('reads names, quotes and comments, and takes values as they stand', () => {
    const text = `\uFEFF# a comment
PORT=3000
export HOST = 0.0.0.0   # everywhere
API_KEY="with # and spaces"   # and a comment
TOKEN='$NOT_EXPANDED'
KEY=a=b#c
EMPTY=\r
`;
    expect(parseDotEnv(text)).toEqual({
      PORT: '3000',
      HOST: '0.0.0.0',
      API_KEY: 'with # and spaces',
      TOKEN: '$NOT_EXPANDED',
      KEY: 'a=b#c',
      EMPTY: '',
    });
  });

  it('names every broken line by its number, without showing it', () => {
    const text = 'PORT=1\nWX_COMPONENT_APPSECRET hunter2\nAPI_KEY="hunter3\n';
    expect(() => parseDotEnv(text)).toThrow(
      expect.objectContaining({
        message: expect.not.stringContaining('hunter'),
        faults: ['.env line 2 is not NAME=value.', '.env line 3 (API_KEY) has a quote that is not closed.'],
      }),
    );
  });

  it('is read as far as possible where its faults are collected', () => {
    const faults: string[] = [];
    expect(parseDotEnv('PORT=1\nbroken\nHOST=h', '.env', faults)).toEqual({ PORT: '1', HOST: 'h' });
    expect(readDotEnv(folder, faults)).toEqual({});
    expect(faults).toEqual(['.env line 2 is not NAME=value.', expect.stringMatching(/cannot be read/)]);
  });

  it('is read', () => {
    const file = join(folder, '.env');
    writeFileSync(file, 'PORT=1\nHOST=file');
    expect(readDotEnv(file)).toEqual({ PORT: '1', HOST: 'file' });
  });

  it('may be missing', () => {
    expect(readDotEnv(join(folder, '.env'))).toEqual({});
  });

  it('says so when it cannot be read', () => {
    expect(() => readDotEnv(folder)).toThrow(/cannot be read/);
  });
});
