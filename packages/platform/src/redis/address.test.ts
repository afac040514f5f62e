import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRedisAddress, type RedisAddress } from './address.ts';

const plain = { credentials: {}, tls: false };

describe('the address of Redis', () => {
  it.each<[string, RedisAddress]>([
    ['redis://h', { kind: 'standalone', server: { host: 'h', port: 6379 }, db: 0, ...plain }],
    ['redis://h/', { kind: 'standalone', server: { host: 'h', port: 6379 }, db: 0, ...plain }],
    ['rediss://[::1]:7/3', { kind: 'standalone', server: { host: '::1', port: 7 }, db: 3, credentials: {}, tls: true }],
    [
      'redis://:p%40%3A%2f@10.0.0.1:6380',
      {
        kind: 'standalone',
        server: { host: '10.0.0.1', port: 6380 },
        db: 0,
        ...plain,
        credentials: { password: 'p@:/' },
      },
    ],
    [
      'redis://me:p@ss:word@h',
      {
        kind: 'standalone',
        server: { host: 'h', port: 6379 },
        db: 0,
        tls: false,
        credentials: { username: 'me', password: 'p@ss:word' },
      },
    ],
    [
      'redis+sentinel://a,b:1,[fe80::1]/my-master.1',
      {
        kind: 'sentinel',
        sentinels: [
          { host: 'a', port: 26_379 },
          { host: 'b', port: 1 },
          { host: 'fe80::1', port: 26_379 },
        ],
        masterName: 'my-master.1',
        sentinelCredentials: {},
        db: 0,
        ...plain,
      },
    ],
    [
      'redis+sentinel://u:p@a/m?db=2&tls=1&sentinelUser=s%26&sentinelPassword=%3D%40',
      {
        kind: 'sentinel',
        sentinels: [{ host: 'a', port: 26_379 }],
        masterName: 'm',
        sentinelCredentials: { username: 's&', password: '=@' },
        db: 2,
        credentials: { username: 'u', password: 'p' },
        tls: true,
      },
    ],
    [
      'redis+cluster://a,b:2?tls=0',
      {
        kind: 'cluster',
        servers: [
          { host: 'a', port: 6379 },
          { host: 'b', port: 2 },
        ],
        ...plain,
      },
    ],
    ['rediss+cluster://a/', { kind: 'cluster', servers: [{ host: 'a', port: 6379 }], credentials: {}, tls: true }],
  ])('%s', (url, address) => {
    expect(parseRedisAddress(url)).toEqual(address);
  });

  it.each([
    ['127.0.0.1:6379', 'must begin with redis://, rediss://, '],
    ['http://h', 'must begin with redis://'],
    ['redis+sentinels://h', 'must begin with redis://'],
    ['constructor://h', 'must begin with redis://'],
    ['redis://', 'must begin with redis://'],
    ['redis://h h', 'must begin with redis://'],
    ['redis:///0', 'must name a host'],
    ['redis://:p@', 'must name a host'],
    ['redis+cluster://a,,b', 'must name a host'],
    ['redis://a,b', 'names several hosts, which needs redis+sentinel:// or redis+cluster://'],
    ['redis://::1', 'has a host that is neither'],
    ['redis://[::g]', 'has a host that is neither'],
    ['redis://a%2fb', 'has a host that is neither'],
    ['redis://h:0', 'has a port that is not a number from 1 to 65535'],
    ['redis://h:65536', 'has a port'],
    ['redis://h:', 'has a port'],
    ['redis://h/x', 'must have the number of a database as the text after the host, like 0'],
    ['redis+sentinel://a/m?db=x', 'must have the number of a database as the parameter db, like 0'],
    ['redis+sentinel://a', 'must end with the name of the master that the Sentinels watch, like /mymaster'],
    ['redis+sentinel://a/m/0', 'must end with the name of the master'],
    ['redis+sentinel://a/m?name=x', 'has an unknown parameter name; known are db, tls, sentinelUser, sentinelPassword'],
    ['redis+sentinel://a/m?tls=yes', 'has a parameter tls that is neither 0 nor 1'],
    ['rediss+sentinel://a/m?tls=0', 'has a parameter tls=0 that contradicts its rediss'],
    ['redis+sentinel://a/m?db=1&db=1', 'has the parameter db twice'],
    ['redis+cluster://a/1', 'must end after its hosts: a Redis Cluster has one database only'],
    ['redis+cluster://a?db=1', 'has an unknown parameter db; known are tls'],
    ['redis://a?tls=1', 'has an unknown parameter tls; this scheme knows none'],
    ['redis://:100%@h', 'contains a % that is not percent-encoded; write it as %25'],
    ['redis://:p/w@h', 'contains a special character that is not percent-encoded; write @ as %40'],
    ['redis://:p?w@h', 'contains a special character'],
    ['redis://:p#w@h', 'contains a special character'],
  ])('%s is refused with the reason', (url, fault) => {
    expect(parseRedisAddress(url)).toEqual({ fault: expect.stringContaining(fault) });
  });
});

const host = fc.oneof(
  fc.constantFrom('redis-1.example.com', '10.0.0.7', 'r'),
  fc.constantFrom('::1', 'fe80::1:2').map((ip) => `[${ip}]`),
);
const servers = fc.array(fc.tuple(host, fc.integer({ min: 1, max: 65_535 })), { minLength: 1, maxLength: 4 });
const secret = fc.string({ unit: 'grapheme', minLength: 1 });

describe('any address', () => {
  it('is read as it was written, whatever user names and passwords contain', () => {
    const written = fc.record({
      scheme: fc.constantFrom('redis', 'rediss'),
      username: secret,
      password: secret,
      sentinelPassword: secret,
      hosts: servers,
      db: fc.integer({ min: 0, max: 999 }),
    });
    fc.assert(
      fc.property(written, ({ scheme, username, password, sentinelPassword, hosts, db }) => {
        const user = `${encodeURIComponent(username)}:${encodeURIComponent(password)}`;
        const list = hosts.map(([name, port]) => `${name}:${port}`);
        const expected = hosts.map(([name, port]) => ({ host: name.replace(/^\[|\]$/g, ''), port }));
        const shared = { credentials: { username, password }, tls: scheme === 'rediss' };
        expect(parseRedisAddress(`${scheme}://${user}@${list[0]}/${db}`)).toEqual({
          kind: 'standalone',
          server: expected[0],
          db,
          ...shared,
        });
        expect(
          parseRedisAddress(
            `${scheme}+sentinel://${user}@${list}/m?db=${db}&sentinelPassword=${encodeURIComponent(sentinelPassword)}`,
          ),
        ).toEqual({
          kind: 'sentinel',
          sentinels: expected,
          sentinelCredentials: { password: sentinelPassword },
          masterName: 'm',
          db,
          ...shared,
        });
        expect(parseRedisAddress(`${scheme}+cluster://${user}@${list}`)).toEqual({
          kind: 'cluster',
          servers: expected,
          ...shared,
        });
      }),
    );
  });

  it('never shows its password in a fault', () => {
    const unencoded = fc.stringMatching(/^[%@/?#:,&=[\]!-]{1,4}$/).map((noise) => `${noise}hunter2${noise}hunter3`);
    const scheme = fc.constantFrom('redis', 'rediss', 'redis+sentinel', 'redis+cluster', 'http', 'redis+x');
    const end = fc.constantFrom('', '/', '/0', '/m', '/m?tls=1', '?tls=1', '?x=1', '/m?db=x', ':x');
    fc.assert(
      fc.property(scheme, unencoded, host, end, (name, password, server, rest) => {
        const address = parseRedisAddress(`${name}://me:${password}@${server}${rest}`);
        if ('fault' in address) expect(address.fault).not.toMatch(/hunter/);
      }),
    );
  });
});
