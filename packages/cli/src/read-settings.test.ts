import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readSettings } from './read-settings.ts';
import type { ConfiguredCommand } from './requirements.ts';
import { root } from './root.ts';
import { SettingsFailure } from './settings-failure.ts';

const key = Buffer.alloc(32, 7).toString('base64');
const component = {
  WX_COMPONENT_APPID: 'wx0123456789abcdef',
  WX_COMPONENT_APPSECRET: 'the-app-secret',
  WX_TOKEN: 'token123',
  WX_ENCODING_AES_KEY: 'k'.repeat(43),
};
const complete = { ...component, REDIS_URL: 'redis://127.0.0.1:6379', SECRETS_KEY: key };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wx-settings-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('settings', () => {
  it('have defaults, except for a few', () => {
    expect(readSettings(complete, 'gateway')).toEqual({
      port: 3000,
      host: '127.0.0.1',
      publicUrl: undefined,
      trustProxy: undefined,
      returnToOrigins: [],
      redisUrl: 'redis://127.0.0.1:6379',
      redisPrefix: 'wx',
      databaseUrl: `sqlite:${join(root, '.data/wxthirdparty.sqlite')}`,
      databaseReadUrl: undefined,
      dataDir: join(root, '.data'),
      components: [
        { appid: 'wx0123456789abcdef', appsecret: 'the-app-secret', token: 'token123', encodingAesKey: 'k'.repeat(43) },
      ],
      wechat: {
        apiBases: [
          'https://api.weixin.qq.com',
          'https://api2.weixin.qq.com',
          'https://sh.api.weixin.qq.com',
          'https://sz.api.weixin.qq.com',
          'https://hk.api.weixin.qq.com',
        ],
        mpBase: 'https://mp.weixin.qq.com',
        openBase: 'https://open.weixin.qq.com',
      },
      deliveryNets: [],
      pushDays: 7,
      followerDaysAfterRevocation: 30,
      secretsKeys: [Buffer.alloc(32, 7)],
      apiKey: undefined,
      admin: { user: 'admin', password: undefined, write: false },
      demoTraffic: true,
      alarms: { channels: [], speed: 1 },
      logLevel: 'info',
      workerConcurrency: 50,
      inlineConcurrency: 500,
      laneConcurrency: 10,
      drainMs: 0,
      env: complete,
      shutdownMs: 10_000,
    });
  });

  it('come from every variable', () => {
    const sealing = Buffer.from(Array.from({ length: 32 }, (_, i) => i));
    const settings = readSettings(
      {
        ...complete,
        PORT: '0',
        HOST: '0.0.0.0',
        PUBLIC_URL: 'https://wx.example.com/',
        TRUST_PROXY: '10.0.0.0/8, loopback',
        RETURN_TO_ORIGINS: 'https://a.example, http://localhost:5173/',
        DELIVERY_NETS: '10.1.0.0/16, fd00:1::/32',
        PUSH_DAYS: '30',
        FOLLOWER_DAYS_AFTER_REVOCATION: '0',
        REDIS_URL: 'redis+sentinel://one:26379,two:26379/mymaster',
        REDIS_PREFIX: 'shop-2_b',
        DATABASE_URL: 'sqlite:/var/lib/wx.sqlite',
        DATABASE_READ_URL: 'mysql://wx:secret@replica/wx',
        DATA_DIR: '/var/lib/wx',
        WX_PREVIOUS_TOKEN: 'before1',
        WX_PREVIOUS_ENCODING_AES_KEY: 'p'.repeat(43),
        WECHAT_API_BASE: 'https://API.example.com:443/wechat/, http://127.0.0.1:9',
        WECHAT_PROXY: 'http://proxy:3128',
        SECRETS_KEY: `${sealing.toString('base64')},${key}`,
        API_KEY: 'a-key-of-many-letters',
        ADMIN_USER: 'root',
        ADMIN_PASSWORD: 'a long pass word',
        ADMIN_WRITE: 'true',
        ALARM_WEBHOOKS: 'https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k',
        ALARM_SPEED: '20',
        LOG_LEVEL: 'debug',
        WORKER_CONCURRENCY: '7',
        INLINE_CONCURRENCY: '70',
        LANE_CONCURRENCY: '1',
        DRAIN_MS: '7000',
        SHUTDOWN_MS: '2500',
      },
      'worker',
    );
    expect(settings).toMatchObject({
      port: 0,
      host: '0.0.0.0',
      publicUrl: 'https://wx.example.com',
      trustProxy: '10.0.0.0/8, loopback',
      returnToOrigins: ['https://a.example', 'http://localhost:5173'],
      redisUrl: 'redis+sentinel://one:26379,two:26379/mymaster',
      redisPrefix: 'shop-2_b',
      databaseUrl: 'sqlite:/var/lib/wx.sqlite',
      databaseReadUrl: 'mysql://wx:secret@replica/wx',
      dataDir: '/var/lib/wx',
      components: [{ previousToken: 'before1', previousEncodingAesKey: 'p'.repeat(43) }],
      wechat: { apiBases: ['https://api.example.com/wechat', 'http://127.0.0.1:9'], proxy: 'http://proxy:3128' },
      deliveryNets: ['10.1.0.0/16', 'fd00:1::/32'],
      pushDays: 30,
      followerDaysAfterRevocation: 0,
      secretsKeys: [sealing, Buffer.alloc(32, 7)],
      apiKey: 'a-key-of-many-letters',
      admin: { user: 'root', password: 'a long pass word', write: true },
      alarms: { channels: [{ id: 'wecom-1', kind: 'wecom' }], speed: 20 },
      logLevel: 'debug',
      workerConcurrency: 7,
      inlineConcurrency: 70,
      laneConcurrency: 1,
      drainMs: 7_000,
      shutdownMs: 2_500,
    });
  });

  it('are refused with all faults at once, each with its name and a remedy', () => {
    const faults = faultsOf(
      {
        WX_COMPONENT_APPID: 'wx0123456789abcdef',
        WX_TOKEN: 'x',
        WX_ENCODING_AES_KEY: 'short',
        PORT: '70000',
        REDIS_URL: 'localhost:6379',
        REDIS_PREFIX: '{wx}:',
        LOG_LEVEL: 'loud',
        ADMIN_WRITE: 'maybe',
        PUBLIC_URL: 'wx.example.com',
        RETURN_TO_ORIGINS: 'https://a.example/path',
        DELIVERY_NETS: '10.1.0.0/16,10.1.2.3/8',
        SHUTDOWN_MS: 'soon',
        WECHAT_API_BASE: 'https://api.weixin.qq.com,ftp://x',
        DATABASE_URL: 'postgres://x',
        DATABASE_READ_URL: 'http://x',
      },
      'gateway',
    );
    for (const name of [
      'WX_COMPONENT_APPSECRET is missing',
      'WX_TOKEN must be',
      'WX_ENCODING_AES_KEY must be .*43',
      'PORT must be a whole number from 0 to 65535',
      'REDIS_URL must begin with redis://',
      'REDIS_PREFIX must be 1 to 24 of',
      'LOG_LEVEL must be one of',
      'ADMIN_WRITE must be true or false',
      'PUBLIC_URL must be',
      'RETURN_TO_ORIGINS must list origins',
      'DELIVERY_NETS must list networks like 10.1.0.0/16',
      'SHUTDOWN_MS must be a whole number',
      'WECHAT_API_BASE must be',
      'DATABASE_URL must be',
      'DATABASE_READ_URL must be',
      'SECRETS_KEY is missing; make one with "openssl rand -base64 32"',
    ]) {
      expect(faults).toContainEqual(expect.stringMatching(new RegExp(`^${name}`)));
    }
    expect(faults).toHaveLength(16);
  });

  it('are never shown in a fault', () => {
    const file = join(folder, 'components.json');
    writeFileSync(
      file,
      '[{"appid":"wx1","appsecret":"hun ter2","token":"hunter2!","encodingAesKey":"hunter2"}, hunter2',
    );
    const wrong = Object.fromEntries(
      [
        'WX_COMPONENT_APPSECRET',
        'WX_TOKEN',
        'WX_ENCODING_AES_KEY',
        'SECRETS_KEY',
        'API_KEY',
        'REDIS_URL',
        'DATABASE_URL',
      ].map((name) => [name, 'hunter2 hunter2']),
    );
    const env = { ...wrong, WX_COMPONENT_APPID: 'wx1', WX_COMPONENTS_FILE: file };
    const faults = faultsOf(env, 'gateway');
    expect(faults).toHaveLength(8);
    expect(faults.join()).not.toContain('hun');
  });

  it.each(['node', 'gateway', 'worker'] as const)('%s needs a component, Redis and the key', (command) => {
    expect(faultsOf({}, command).map((fault) => fault.split(' ')[0])).toEqual([
      'WX_COMPONENT_APPID',
      'SECRETS_KEY',
      'REDIS_URL',
    ]);
  });

  it('start needs nothing in demo mode, and the key outside it', () => {
    expect(readSettings({ WX_TOKEN: '?' }, 'start')).toMatchObject({ components: [], secretsKeys: [], port: 3000 });
    expect(faultsOf(component, 'start')).toEqual([expect.stringContaining('SECRETS_KEY is missing')]);
    expect(readSettings({ ...component, SECRETS_KEY: key }, 'start').redisUrl).toBeUndefined();
  });

  it('migrate needs the database only', () => {
    expect(readSettings({ DATABASE_URL: 'sqlite:x.sqlite' }, 'migrate').databaseUrl).toBe(
      `sqlite:${join(root, 'x.sqlite')}`,
    );
  });

  it('rotate-secrets, adopt-redis and discard-calls need the key, and import a component, too', () => {
    expect(readSettings({ SECRETS_KEY: key }, 'rotate-secrets')).toMatchObject({ components: [], redisUrl: undefined });
    for (const command of ['rotate-secrets', 'adopt-redis', 'discard-calls'] as const) {
      expect(faultsOf({}, command)).toEqual([expect.stringContaining('SECRETS_KEY is missing')]);
    }
    expect(faultsOf({}, 'import').map((fault) => fault.split(' ')[0])).toEqual(['WX_COMPONENT_APPID', 'SECRETS_KEY']);
  });

  it('a worker without a port does not listen', () => {
    expect(readSettings(complete, 'worker').port).toBeUndefined();
  });

  it('treat an empty variable as not set', () => {
    expect(readSettings({ ...complete, PORT: '', API_KEY: '', WX_COMPONENTS_FILE: '' }, 'gateway')).toMatchObject({
      port: 3000,
      apiKey: undefined,
    });
  });

  it.each(['not base64 !', Buffer.alloc(31).toString('base64'), `${key},`, `${key},short`])(
    'refuse the SECRETS_KEY %s',
    (wrong) => {
      expect(faultsOf({ ...complete, SECRETS_KEY: wrong }, 'gateway')).toEqual([
        expect.stringMatching(/^SECRETS_KEY must be 32 bytes in base64/),
      ]);
    },
  );

  it.each([
    'https://a.example,',
    ',',
    'https://a.example b.example',
    'https://a.example,b.example',
    'https://a.example?x',
  ])('refuse the WECHAT_API_BASE %s', (wrong) => {
    expect(faultsOf({ ...complete, WECHAT_API_BASE: wrong }, 'worker')).toEqual([
      'WECHAT_API_BASE must be http or https addresses (several separated by commas).',
    ]);
  });
});

describe('WX_COMPONENTS_FILE', () => {
  const entry = { appid: 'wxfile', appsecret: 'secret', token: 'token123', encodingAesKey: 'k'.repeat(43) };
  const withFile = (text: string) => {
    const file = join(folder, 'components.json');
    writeFileSync(file, text);
    return { REDIS_URL: 'redis://x', SECRETS_KEY: key, WX_COMPONENTS_FILE: file };
  };

  it('adds its components to that of the environment', () => {
    const env = { ...withFile(JSON.stringify([entry, { ...entry, appid: 'wxother' }])), ...component };
    expect(readSettings(env, 'gateway').components.map(({ appid }) => appid)).toEqual([
      'wx0123456789abcdef',
      'wxfile',
      'wxother',
    ]);
  });

  it('is refused with path, entry and field of each fault', () => {
    const env = withFile(JSON.stringify([{ ...entry, token: 'x' }, 7, { ...entry, appid: undefined, colour: 'red' }]));
    const place = `WX_COMPONENTS_FILE: entry`;
    expect(faultsOf(env, 'gateway')).toEqual([
      expect.stringMatching(`^${place} 1 of ${env.WX_COMPONENTS_FILE}: token must be`),
      expect.stringMatching(`^${place} 2 of .* must be an object`),
      expect.stringMatching(`^${place} 3 of .*: appid is missing`),
      expect.stringMatching(`^${place} 3 of .*: colour is not known`),
    ]);
  });

  it('refuses a component that is listed twice', () => {
    expect(faultsOf(withFile(JSON.stringify([entry, entry])), 'gateway')).toEqual([
      expect.stringMatching(/entry 2 of .* names the component wxfile that .*entry 1/),
    ]);
  });

  it.each([
    ['{"a":', 'is not JSON'],
    ['{}', 'must hold an array'],
    ['[]', 'must hold an array'],
  ])('holding %s is refused: it %s', (text, why) => {
    expect(faultsOf(withFile(text), 'gateway')).toEqual([expect.stringContaining(why)]);
  });

  it('is reported if it does not exist', () => {
    const env = { ...complete, WX_COMPONENTS_FILE: join(folder, 'none.json') };
    expect(faultsOf(env, 'gateway')).toEqual([expect.stringContaining('cannot be read (ENOENT)')]);
  });
});

describe('weak secrets', () => {
  const names = (env: NodeJS.ProcessEnv, command: ConfiguredCommand = 'gateway') =>
    faultsOf({ ...complete, ...env }, command).map((fault) => fault.split(' ')[0]);
  const zero = Buffer.alloc(32).toString('base64');
  const random = Buffer.from('0123456789abcdef0123456789ABCDEF').toString('base64');
  const strong = { API_KEY: 'k-0123456789-abcdefgh', ADMIN_PASSWORD: 'correct horse', SECRETS_KEY: random };

  it('are refused together, by name, if other hosts can reach the process', () => {
    const weak = { HOST: '0.0.0.0', API_KEY: 'a', ADMIN_PASSWORD: 'aaaaaaaaaaaaaaaa', SECRETS_KEY: zero };
    expect(names({ ...weak, PORT: 'x' })).toEqual(['PORT', 'API_KEY', 'ADMIN_PASSWORD', 'SECRETS_KEY']);
    for (const command of ['node', 'start', 'worker'] as const) expect(names(weak, command)).toHaveLength(3);
  });

  it.each([
    ['HOST 0.0.0.0 and strong ones', { HOST: '0.0.0.0', ...strong }],
    ['HOST 0.0.0.0 and neither key nor password', { HOST: '0.0.0.0', SECRETS_KEY: random }],
    ['HOST :: and a weak key behind the one that seals', { HOST: '::', ...strong, SECRETS_KEY: `${random},${zero}` }],
    ['no HOST', { API_KEY: 'a', ADMIN_PASSWORD: 'a', SECRETS_KEY: zero }],
    ['a HOST of this machine only', { HOST: '127.0.0.2', API_KEY: 'a', SECRETS_KEY: zero }],
  ])('pass with %s', (_name, env) => expect(names(env)).toEqual([]));

  it('do not prevent the command that replaces them', () => {
    expect(names({ HOST: '0.0.0.0', SECRETS_KEY: zero }, 'rotate-secrets')).toEqual([]);
  });
});

function faultsOf(env: NodeJS.ProcessEnv, command: ConfiguredCommand): readonly string[] {
  try {
    readSettings(env, command);
  } catch (failure) {
    if (failure instanceof SettingsFailure) return failure.faults;
    throw failure;
  }
  return [];
}
