import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { GatewaySettings } from '../src/gateway-settings.ts';
import { fakePlatform } from './fake-platform.ts';
import { bearer, type OpenedGateway, openGateway } from './open-gateway.ts';

const PAGE = '<!doctype html><title>console</title>';
const SCRIPT = 'console.log("the console")';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wxthirdparty-console-'));
  await mkdir(join(folder, 'assets'));
  const script = join(folder, 'assets/main-a1b2c3.js');
  await writeFile(join(folder, 'index.html'), PAGE);
  await writeFile(join(folder, '.stamp'), 'a stamp');
  await writeFile(script, SCRIPT);
  await writeFile(`${script}.gz`, gzipSync(SCRIPT));
  await writeFile(`${script}.br`, brotliCompressSync(SCRIPT));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function open(settings: Partial<GatewaySettings> = {}): Promise<OpenedGateway> {
  return openGateway(fakePlatform(), { consoleFolder: folder, ...settings });
}

/** Without decompressing, which `fetch` does by itself. */
function get(url: string, headers: Record<string, string> = {}, method = 'GET') {
  return new Promise<{ status: number; headers: Record<string, unknown>; body: Buffer }>((resolve, reject) => {
    request(url, { method, headers }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('end', () =>
        resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(pieces) }),
      );
    })
      .on('error', reject)
      .end();
  });
}

it.each(['/admin', '/admin/', '/admin/accounts/wxa?tab=quota', '/admin/queue', '/Admin/calls'])(
  '%s is the page',
  async (path) => {
    const gateway = await open();
    const { status, headers, body } = await get(gateway.url + path);
    expect(status).toBe(200);
    expect(body.toString()).toBe(PAGE);
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
        "frame-ancestors 'none'; base-uri 'none'; form-action 'self'; require-trusted-types-for 'script'",
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    });
    expect(headers['strict-transport-security']).toBeUndefined();
  },
);

it('with an https PUBLIC_URL browsers use nothing else', async () => {
  const gateway = await open({ publicUrl: 'https://wx.example' });
  expect((await get(`${gateway.url}/admin`)).headers['strict-transport-security']).toBe('max-age=31536000');
});

it.each([
  ['gzip, deflate, br, zstd', 'br'],
  ['gzip', 'gzip'],
  ['br;q=0, *', 'gzip'],
  ['*', 'br'],
  ['identity', undefined],
  ['', undefined],
])('a file is sent as the browser accepts it (%j), and may be kept for ever', async (accepted, encoding) => {
  const gateway = await open();
  const file = `${gateway.url}/admin/assets/main-a1b2c3.js`;
  const { status, headers, body } = await get(file, { 'accept-encoding': accepted });
  expect(status).toBe(200);
  expect(headers['content-encoding']).toBe(encoding);
  expect(headers['content-length']).toBe(String(body.length));
  expect(headers['cache-control']).toBe('public, max-age=31536000, immutable');
  expect(headers['content-type']).toBe('text/javascript; charset=utf-8');
  expect(headers.vary).toBe('Accept-Encoding');
  if (encoding === 'gzip') expect(gunzipSync(body).toString()).toBe(SCRIPT);
  if (encoding === undefined) expect(body.toString()).toBe(SCRIPT);
});

it.each(['gone-000000.js', '', '..%2f.stamp', 'main-a1b2c3.js.gz', 'constructor'])(
  'another file (%s) is not found, and that is not kept',
  async (name) => {
    const gateway = await open();
    const { status, headers } = await get(`${gateway.url}/admin/assets/${name}`);
    expect(status).toBe(404);
    expect(headers['cache-control']).toBe('no-store');
  },
);

it('the page is read only', async () => {
  const gateway = await open();
  const head = await get(`${gateway.url}/admin`, {}, 'HEAD');
  expect([head.status, head.headers['content-length'], head.body.length]).toEqual([200, String(PAGE.length), 0]);
  const posted = await get(`${gateway.url}/admin/accounts`, {}, 'POST');
  expect([posted.status, posted.headers.allow]).toEqual([405, 'GET, HEAD']);
});

it('other paths below /admin are not its own', async () => {
  const gateway = await open();
  expect((await get(`${gateway.url}/admin/api/session`)).status).toBe(403);
  expect((await get(`${gateway.url}/admin/queues/`)).status).toBe(401);
  expect((await get(`${gateway.url}/administrator`)).body.toString()).toContain('errcode');
});

it.each([undefined, '/nowhere'])('without its files (%s) it says so, and the API works', async (consoleFolder) => {
  const gateway = await open({ consoleFolder });
  for (const path of ['/admin', '/admin/accounts', '/admin/assets/main-a1b2c3.js']) {
    const { status, body } = await get(gateway.url + path);
    expect([status, body.toString()]).toEqual([503, 'The console is not built; `npm start` builds it.\n']);
  }
  expect((await get(`${gateway.url}/v1/status`, bearer)).status).toBe(200);
});
