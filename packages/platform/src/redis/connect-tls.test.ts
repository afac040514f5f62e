import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tls from 'node:tls';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freeClusterPort, freePort } from '../../test/free-port.ts';
import { RedisProcess } from '../../test/redis-process.ts';
import { until } from '../../test/until.ts';
import { connectRedis, untilConnected } from './connect.ts';
import { defineScript } from './script.ts';

const write = defineScript({ keys: ['key'], args: ['value'], lua: `redis.call('SET', key, value) return 1` });

/** Valid for 127.0.0.1, and known to no other program. */
const CERTIFICATE = fileURLToPath(new URL('../../test/tls/certificate.pem', import.meta.url));
const KEY = fileURLToPath(new URL('../../test/tls/key.pem', import.meta.url));

const settings = {
  'tls-cert-file': CERTIFICATE,
  'tls-key-file': KEY,
  'tls-ca-cert-file': CERTIFICATE,
  'tls-auth-clients': 'no',
  'tls-replication': 'yes',
  bind: '127.0.0.1 127.0.0.2',
};

let dir: string;
const servers: RedisProcess[] = [];
/** A server that speaks TLS only. */
async function startServer(more: Record<string, string> = {}, nextPort = freePort): Promise<RedisProcess> {
  const server = await RedisProcess.start(nextPort, (port) =>
    Object.entries({ ...settings, port: '0', 'tls-port': String(port), save: '', dir, ...more }).flatMap(
      ([name, value]) => [`--${name}`, value],
    ),
  );
  servers.push(server);
  return server;
}

/** What is written on one connection by a script is read on the other. */
async function writesAndReads(redisUrl: string): Promise<void> {
  const connections = (['blocking', 'fail-fast'] as const).map((mode) =>
    connectRedis({ redisUrl, redisPrefix: 'wx' }, mode, 'test'),
  );
  try {
    await Promise.all(connections.map((one) => untilConnected(one, 60_000)));
    const [blocking, failFast] = connections;
    await until('it is written', () =>
      write.run(blocking!, { key: 'a' }, { value: '1' }).then(
        () => true,
        () => false,
      ),
    );
    expect(await failFast!.get('a')).toBe('1');
  } finally {
    for (const one of connections) one.disconnect();
  }
}

// A process of an older Node is given a further certificate by NODE_EXTRA_CA_CERTS only.
describe.skipIf(!('setDefaultCACertificates' in tls))('a connection by TLS', () => {
  const trusted = tls.getCACertificates('default');
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'wxthirdparty-tls-'));
    tls.setDefaultCACertificates([...trusted, await readFile(CERTIFICATE, 'utf8')]);
  });
  afterAll(async () => {
    tls.setDefaultCACertificates(trusted);
    await Promise.all(servers.map((server) => server.kill()));
    await rm(dir, { recursive: true, force: true });
  });

  it('reaches a single server', async () => {
    const { address } = await startServer();
    await writesAndReads(`rediss://${address}/1`);
  });

  it('reaches Sentinels and the primary that they name', async () => {
    const primary = await startServer();
    const sentinel = await RedisProcess.start(freePort, async (port) => {
      const file = join(dir, `sentinel-${port}.conf`);
      const lines = Object.entries({ ...settings, port: '0', 'tls-port': String(port), dir });
      await writeFile(
        file,
        [
          ...lines.map(([name, value]) => `${name} ${value}`),
          `sentinel monitor main 127.0.0.1 ${primary.port} 1`,
          '',
        ].join('\n'),
      );
      return [file, '--sentinel'];
    });
    servers.push(sentinel);
    await writesAndReads(`rediss+sentinel://${sentinel.address}/main`);
  });

  it('reaches a Cluster', async () => {
    const { address, port } = await startServer(
      {
        'cluster-enabled': 'yes',
        'tls-cluster': 'yes',
        'cluster-config-file': 'nodes.conf',
        // It has met no other server that could have named its address.
        'cluster-announce-ip': '127.0.0.1',
      },
      freeClusterPort,
    );
    const admin = new Redis({ host: '127.0.0.1', port, tls: {} });
    try {
      await admin.call('CLUSTER', 'ADDSLOTSRANGE', 0, 16_383);
      await until('the Cluster works', async () =>
        String(await admin.call('CLUSTER', 'INFO')).includes('cluster_state:ok'),
      );
    } finally {
      admin.disconnect();
    }
    await writesAndReads(`rediss+cluster://${address}`);
  });

  it('is not made to a server whose certificate is for another host', async () => {
    const { port } = await startServer();
    const redis = connectRedis({ redisUrl: `rediss://127.0.0.2:${port}`, redisPrefix: 'wx' }, 'fail-fast', 'test');
    try {
      await expect(untilConnected(redis, 3_000)).rejects.toThrow();
    } finally {
      redis.disconnect();
    }
  });
});
