import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DnsServer } from '../../test/dns-server.ts';
import { until } from '../../test/until.ts';
import { LOOKUP_TIMEOUT_MS, NameLookup } from './name-lookup.ts';

let server: DnsServer;
let now: number;
let names: NameLookup;
beforeEach(async () => {
  server = await DnsServer.open();
  now = 0;
  names = new NameLookup({ servers: [server.server], hostsFile: '/nonexistent', now: () => now });
});
afterEach(async () => {
  names.close();
  await server.close();
});

it('finds every address of both versions, IPv4 first, also behind a CNAME', async () => {
  server.answers.set('shop.test', ['2606:4700:0:0:0:0:0:1', '1.1.1.1', '1.0.0.1']);
  server.answers.set('www.shop.test', { cname: 'inner.test', addresses: ['10.0.0.5'] });
  const found = await names.dns('shop.test');
  expect(found.slice(0, 2).toSorted()).toEqual(['1.0.0.1', '1.1.1.1']);
  expect(found[2]).toBe('2606:4700::1');
  expect(await names.dns('www.shop.test')).toEqual(['10.0.0.5']);
});

it.each([
  ['a name that does not exist', undefined],
  ['a name without an address', []],
  ['a server that refuses', 'refused'],
] as const)('%s has no address', async (_what, answer) => {
  if (answer !== undefined) server.answers.set('none.test', answer);
  expect(await names.dns('none.test')).toEqual([]);
});

it('one lookup serves all who ask at the time, and its result, also a failure, the next 30 s; not longer, whatever the TTL is', async () => {
  server.answers.set('shop.test', ['1.1.1.1']);
  await Promise.all([names.dns('shop.test'), names.dns('shop.test'), names.dns('gone.test')]);
  now = 29_999;
  await Promise.all([names.dns('shop.test'), names.dns('gone.test')]);
  expect(server.asked.toSorted()).toEqual(['gone.test A', 'gone.test AAAA', 'shop.test A', 'shop.test AAAA']);
  server.answers.set('shop.test', ['1.0.0.1']);
  server.answers.set('gone.test', ['1.1.1.1']);
  now = 30_000;
  expect(await names.dns('shop.test')).toEqual(['1.0.0.1']);
  expect(await names.dns('gone.test')).toEqual(['1.1.1.1']);
});

it('names whose server is silent do not delay those that resolved before, nor all of the new ones', async () => {
  server.answers.set('good.test', ['1.1.1.1']);
  server.answers.set('dead.test', 'silent');
  expect(await names.dns('good.test')).toEqual(['1.1.1.1']);
  now = 30_000;
  for (let i = 0; i < 200; i++) server.answers.set(`dead-${i}.test`, 'silent');
  const dead = Array.from({ length: 200 }, (_, i) => names.dns(`dead-${i}.test`));
  await until('the lookups have started', () => server.asked.some((asked) => asked.startsWith('dead-7.test')));
  server.answers.set('good.test', ['1.0.0.1']);
  expect(await names.dns('good.test')).toEqual(['1.0.0.1']);
  // Eight at a time.
  expect(server.asked.some((asked) => asked.startsWith('dead-8.test'))).toBe(false);
  // They end by themselves; names that were never looked up are not taken for failed ones.
  expect(await Promise.all(dead)).toEqual(dead.map(() => []));
  server.answers.set('dead-199.test', ['1.1.1.1']);
  expect(await names.dns('dead-199.test')).toEqual(['1.1.1.1']);
});

it('names whose server is silent do not delay the lookups of the system, by which WeChat’s hosts are found', async () => {
  for (let i = 0; i < 20; i++) server.answers.set(`dead-${i}.test`, 'silent');
  const dead = Array.from({ length: 20 }, (_, i) => names.dns(`dead-${i}.test`));
  await until('the lookups have started', () => server.asked.length >= 16);
  const system = Promise.all(Array.from({ length: 20 }, () => lookup('localhost').then(() => 'system')));
  expect(await Promise.race([system, ...dead])).toContain('system');
  names.close();
  await Promise.all(dead);
});

it('a process that stalls reads what the server has answered before it gives up', async () => {
  const thread = new Worker(new URL('../../test/dns-server-thread.ts', import.meta.url), {
    workerData: [['shop.test', ['1.1.1.1', '2606:4700:0:0:0:0:0:1']]],
  });
  try {
    const [address] = (await once(thread, 'message')) as [string];
    const stalled = new NameLookup({ servers: [address] });
    const found = stalled.dns('shop.test');
    // The lookup has started when the microtasks have run.
    await new Promise((resolve) => process.nextTick(resolve));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOKUP_TIMEOUT_MS + 200);
    expect(await found).toEqual(['1.1.1.1', '2606:4700::1']);
  } finally {
    await thread.terminate();
  }
});

it('closing ends the lookups, also those that wait for a slot', async () => {
  for (let i = 0; i < 20; i++) server.answers.set(`dead-${i}.test`, 'silent');
  const lookups = Array.from({ length: 20 }, (_, i) => names.dns(`dead-${i}.test`));
  await until('the lookup has started', () => server.asked.length > 0);
  names.close();
  expect(await Promise.all(lookups)).toEqual(lookups.map(() => []));
});

it('reads the hosts file: comments, several names, several addresses; what is no address counts nothing', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'hosts-'));
  try {
    const hostsFile = join(dir, 'hosts');
    await writeFile(
      hostsFile,
      '# comment\n10.0.0.5\tapp.internal App # local\nfd00::5 app.internal\nx app.internal\n\n',
    );
    const local = new NameLookup({ hostsFile });
    expect(await local.local('app.internal')).toEqual(['10.0.0.5', 'fd00::5']);
    expect(await local.local('APP')).toEqual(['10.0.0.5']);
    expect(await local.local('other')).toEqual([]);
    expect(await names.local('app.internal')).toEqual([]);
  } finally {
    await rm(dir, { recursive: true });
  }
});
