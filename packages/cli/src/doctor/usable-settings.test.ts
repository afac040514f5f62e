import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { demoSecrets } from '../start/demo-secrets.ts';
import { keepRunningDemo } from '../start/running-demo.ts';
import { readUsableSettings } from './usable-settings.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wx-usable-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const component = {
  ...{ WX_COMPONENT_APPID: 'wx0123456789abcdef', WX_COMPONENT_APPSECRET: 's', WX_TOKEN: 'token123' },
  ...{ WX_ENCODING_AES_KEY: 'k'.repeat(43), SECRETS_KEY: Buffer.alloc(32, 1).toString('base64') },
};

it('reads every setting by itself: one that cannot be used is a fault and hides no other', () => {
  const env = { ...component, REDIS_URL: 'http://x', PORT: '99999', PUBLIC_URL: 'https://p.example.com' };
  const { settings, faults } = readUsableSettings(env);
  expect(settings).toMatchObject({
    ...{ redisUrl: undefined, publicUrl: 'https://p.example.com', componentFaults: [] },
    components: [{ appid: 'wx0123456789abcdef' }],
  });
  expect(faults).toEqual([expect.stringMatching(/^PORT must be/), expect.stringMatching(/^REDIS_URL must begin/)]);
});

it('the faults of a component are those of the check "component"', () => {
  const env = { ...component, WX_ENCODING_AES_KEY: 'short', REDIS_URL: 'redis://127.0.0.1', DATA_DIR: folder };
  const { settings, faults } = readUsableSettings(env);
  expect(faults).toEqual([]);
  expect(settings.components).toEqual([]);
  expect(settings.componentFaults).toEqual([expect.stringMatching(/^WX_ENCODING_AES_KEY must be/)]);
});

it('without anything, names what is missing', () => {
  const { settings, faults } = readUsableSettings({ DATA_DIR: folder });
  expect(settings.componentFaults).toEqual([expect.stringMatching(/^WX_COMPONENT_APPID is missing/)]);
  expect(faults.map((fault) => fault.split(' ')[0])).toEqual(['SECRETS_KEY', 'REDIS_URL']);
  expect(settings.databaseUrl).toBe(`sqlite:${join(folder, 'wxthirdparty.sqlite')}`);
  expect(settings.publicUrl).toBe('http://localhost:3000');
});

it('beside a demo, uses its secrets and addresses', () => {
  const { component: demo, secretsKey } = demoSecrets(folder);
  keepRunningDemo(folder, { publicUrl: 'http://127.0.0.1:3000', wechat: { apiBases: ['http://127.0.0.1:3900'] } });
  mkdirSync(join(folder, 'redis'));
  writeFileSync(join(folder, 'redis', 'redis.json'), JSON.stringify({ port: 6400, password: 'p' }));
  const { settings, faults } = readUsableSettings({ DATA_DIR: folder });
  expect(faults).toEqual([]);
  expect(settings).toMatchObject({
    ...{ redisUrl: 'redis://:p@127.0.0.1:6400', publicUrl: 'http://127.0.0.1:3000', componentFaults: [] },
    ...{ wechat: { apiBases: ['http://127.0.0.1:3900'] }, components: [demo] },
    secretsKeys: [Buffer.from(secretsKey, 'base64')],
  });
});

it('a damaged file of the demo is a fault, not the end', () => {
  writeFileSync(join(folder, 'demo.json'), '{');
  const { faults } = readUsableSettings({ DATA_DIR: folder });
  expect(faults).toContainEqual(expect.stringMatching(/demo\.json is damaged/));
});
