import { connect } from 'node:net';
import { endpoints, Failure } from '@wxthirdparty/wechat';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ACCOUNT, COMPONENT, type FakePlatform, fakePlatform } from './fake-platform.ts';
import { API_KEY, type OpenedGateway, openGateway } from './open-gateway.ts';

/** SDKs look at the errcode alone: an answer without one reads as success, whatever its HTTP status. */
interface Answer {
  readonly status: number;
  readonly body: string;
}

/** The request exactly as it is written; the server ends the connection. */
function raw(gateway: OpenedGateway, request: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const socket = connect(gateway.port, '127.0.0.1');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.once('error', reject);
    socket.once('close', () => {
      const text = Buffer.concat(chunks)
        .toString()
        .replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '');
      const end = text.indexOf('\r\n\r\n');
      resolve({
        status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0),
        body: end === -1 ? '' : text.slice(end + 4),
      });
    });
    socket.write(request);
  });
}

function ask(gateway: OpenedGateway, line: string, headers: readonly string[] = [], body = ''): Promise<Answer> {
  const chunked = headers.includes('Transfer-Encoding: chunked');
  const length = body === '' || chunked ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  const head = [`${line} HTTP/1.1`, 'Host: gateway', 'Connection: close', ...headers, ...length];
  return raw(gateway, `${head.join('\r\n')}\r\n\r\n${body}`);
}

function errcodeOf({ status, body }: Answer): number {
  expect(status).toBe(200);
  const answer = JSON.parse(body) as { errcode: number; errmsg: string };
  expect(answer.errmsg).toEqual(expect.any(String));
  return answer.errcode;
}

async function tokenOf(gateway: OpenedGateway, appid = ACCOUNT): Promise<string> {
  const url = `${gateway.url}/cgi-bin/token?grant_type=client_credential&appid=${appid}&secret=${API_KEY}`;
  return ((await (await fetch(url)).json()) as { access_token: string }).access_token;
}

async function opened(): Promise<{ platform: FakePlatform; gateway: OpenedGateway; token: string }> {
  const platform = fakePlatform();
  const gateway = await openGateway(platform);
  return { platform, gateway, token: await tokenOf(gateway) };
}

const form = ['Content-Type: application/x-www-form-urlencoded'];

test.each<[line: string, errcode: number, headers?: readonly string[], body?: string]>([
  // Paths that are not ours, without anything.
  ['GET /no/such/family', 41001],
  ['POST /xpay/query_order', 41001],
  ['GET /favicon.ico', 41001],
  ['GET /v11/status', 41001],
  // Our own, and others, with a token.
  ['GET /v1/cgi-bin/user/get?access_token=TOKEN', 40066],
  ['POST /v1/authorizers/x/calls?access_token=TOKEN', 40066],
  ['GET /healthz?access_token=TOKEN', 40066],
  ['GET /wechat/x/events?access_token=TOKEN', 40066],
  ['GET /?component_access_token=TOKEN', 40066],
  ['GET /docs?access%5Ftoken=made-up', 40001],
  ['POST /v1/cgi-bin/message/custom/send', 40066, form, 'access_token=TOKEN&touser=o'],
  [
    'POST /v1/x',
    40066,
    ['Content-Type: multipart/form-data; boundary=b'],
    '--b\r\nContent-Disposition: form-data; name="access_token"\r\n\r\nx\r\n--b--',
  ],
  // A base URL that ends with a path of ours; before there is a token, and after.
  ['GET /v1/cgi-bin/token?grant_type=client_credential&appid=x&secret=KEY', 40066],
  ['GET /v1/token?grant_type=client_credential&appid=x&secret=KEY', 40066],
  ['POST /wechat/cgi-bin/component/api_component_token', 40066, ['Content-Type: application/json'], '{}'],
  ['GET /wechat/sns/jscode2session?appid=x&secret=KEY', 40066],
  ['GET /V1//sns/userinfo', 40066],
  ['POST /admin/wxa/msg_sec_check', 40066, [], '{}'],
  ['GET /authorize/connect/oauth2/authorize?appid=x', 40066],
  ['POST /v1/cgi-bin/component/api_query_auth?component_access_token=TOKEN', 40066, [], '{}'],
  // Wrong methods.
  ['DELETE /cgi-bin/user/get?access_token=TOKEN', 43001],
  ['OPTIONS /v1/status?access_token=TOKEN', 43001],
  ['PUT /no/such/family', 43001],
  ['OPTIONS *', 43001],
  ['FETCH /cgi-bin/user/get', 40066],
  ['get /cgi-bin/user/get', 40066],
  // Shapes that are no path.
  ['GET /cgi-bin/%zz?access_token=TOKEN', 40066],
  ['GET /cgi-bin//user/get?access_token=TOKEN', 40066],
  ['GET /cgi-bin/../v1/keys?access_token=TOKEN', 40066],
  ['GET /v1/%zz?access_token=TOKEN', 40066],
  ['GET /cgi-bin/user/get/?access_token=TOKEN', 40066],
  ['POST /cgi-bin/component/api_authorizer_token.?access_token=TOKEN', 48001],
  ['POST /cgi-bin/component/api_authorizer_token~?access_token=TOKEN', 48001],
  ['POST /cgi-bin/component/api%255fquery_auth?access_token=TOKEN', 48001],
  // What Node's parser refuses.
  ['GET /cgi-bin/user get?access_token=TOKEN', 40066],
  [`GET /cgi-bin/user/get?access_token=TOKEN&x=${'x'.repeat(20_000)}`, 40066],
  ['GET /cgi-bin/user/get?access_token=TOKEN', 40066, ['Broken header']],
  // Bodies and expectations.
  ['POST /cgi-bin/menu/create?access_token=TOKEN', 47001, ['Content-Encoding: gzip'], 'x'],
  ['POST /cgi-bin/stable_token', 45001, [], ' '.repeat(20_000)],
  ['PUT /cgi-bin/menu/create?access_token=TOKEN', 43001, ['Expect: a-miracle']],
  ['POST /cgi-bin/menu/create?access_token=TOKEN', 40066, ['Transfer-Encoding: chunked'], 'no length'],
])('%s answers HTTP 200 with errcode %i', async (line, errcode, headers, body) => {
  const { platform, gateway, token } = await opened();
  const filled = line.replace('TOKEN', token).replace('KEY', API_KEY);
  expect(errcodeOf(await ask(gateway, filled, headers, body))).toBe(errcode);
  expect(platform.submitted).toEqual([]);
});

test.each([
  ['a failure', new Failure('overloaded', 'slow-down', 'too much is waiting')],
  ['an error', new Error('unexpected')],
])('%s of the platform has an errcode, too', async (_name, error) => {
  const { platform, gateway, token } = await opened();
  platform.calls.submit = () => Promise.reject(error);
  expect(errcodeOf(await ask(gateway, `GET /xpay/any?access_token=${token}`))).toBe(-1);
});

test.each([
  ['GET', '//cgi-bin/user/get', '/cgi-bin/user/get'],
  ['POST', '///xpay/query_order', '/xpay/query_order'],
  ['GET', 'http://gateway//cgi-bin/user/get', '/cgi-bin/user/get'],
  ['GET', '/CGI-BIN/User/Get', '/cgi-bin/user/get'],
  ['POST', '/intp/marketcode/applycode', '/intp/marketcode/applycode'],
])('%s %s is the call of %s', async (method, asked, path) => {
  const { platform, gateway, token } = await opened();
  await ask(gateway, `${method} ${asked}?access_token=${token}`, [], method === 'POST' ? '{}' : '');
  expect(platform.submitted).toMatchObject([{ appid: ACCOUNT, method, path, query: [] }]);
});

test('the component’s families take a token of the component', async () => {
  const { platform, gateway } = await opened();
  const token = await tokenOf(gateway, COMPONENT);
  await ask(gateway, `POST /componenttcb/batchgetenvid?component_access_token=${token}`, [], '{}');
  expect(platform.submitted).toMatchObject([{ appid: COMPONENT, path: '/componenttcb/batchgetenvid' }]);
});

/** Anything that an SDK with a right or wrong base URL may send; never a request for one of our own routes. */
function sdkRequests(token: string) {
  const segment = fc.string({ unit: fc.constantFrom(...'aZ09_-.~%;:@\\$'), minLength: 1, maxLength: 8 });
  const family = fc.constantFrom('cgi-bin', 'sns', 'wxa', 'connect', 'shop', 'datacube', 'card', 'xpay', 'CGI-BIN');
  const known = fc.constantFrom(...endpoints.map(({ path }) => path.slice(1)), 'sns/jscode2session', 'cgi-bin/token');
  const path = fc.oneof(
    known,
    fc.tuple(family, fc.array(segment, { maxLength: 3 })).map(([first, others]) => [first, ...others].join('/')),
  );
  const tokens = [token, 'made-up', '', `wxt_${'A'.repeat(80)}`];
  const query = fc
    .array(
      fc.tuple(
        fc.constantFrom('access_token', 'component_access_token', 'appid', 'secret', 'openid', 'x%'),
        fc.constantFrom(...tokens, API_KEY, ACCOUNT),
      ),
      { maxLength: 4 },
    )
    .map((pairs) => pairs.map(([name, value]) => `${name}=${value}`).join('&'));
  const body = fc.constantFrom(
    { headers: [], body: '' },
    { headers: [], body: '{' },
    { headers: ['Content-Type: application/json'], body: '{"access_token":"x"}' },
    { headers: form, body: 'a=1&access_token=x' },
    { headers: ['Content-Type: multipart/form-data; boundary=b'], body: '--b--' },
    { headers: ['Content-Encoding: br'], body: 'x' },
    { headers: ['Transfer-Encoding: chunked'], body: 'no length' },
    { headers: ['Transfer-Encoding: chunked'], body: '3\r\nabc\r\n0\r\n\r\n' },
    { headers: ['Expect: 100-continue'], body: '{}' },
    { headers: ['Authorization: Basic eDp5'], body: '' },
    { headers: [`Authorization: Bearer ${API_KEY}`], body: '' },
    { headers: ['Broken header'], body: '' },
    { headers: ['Upgrade: websocket', 'Connection: upgrade'], body: '' },
  );
  return fc.record({
    method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND', 'FETCH', 'post'),
    base: fc.constantFrom(
      '/',
      '//',
      '///',
      'http://gateway/',
      'https://gateway//',
      '/v1/',
      '//v1//',
      '/wechat/',
      '/docs/',
    ),
    path,
    query,
    body,
  });
}

test('whatever an SDK asks, it gets HTTP 200 with an errcode', async () => {
  const { platform, gateway, token } = await opened();
  await fc.assert(
    fc.asyncProperty(sdkRequests(token), async ({ method, base, path, query, body }) => {
      platform.submitted.length = 0;
      const line = `${method} ${base}${path}${query && (path.includes('?') ? '&' : '?')}${query}`;
      const errcode = errcodeOf(await ask(gateway, line, body.headers, body.body));
      expect(errcode).toEqual(expect.any(Number));
      // Success is WeChat's alone.
      expect(platform.submitted).toHaveLength(errcode === 0 ? 1 : 0);
    }),
    { numRuns: 300 },
  );
});

test('HEAD is refused by the headers alone, as everywhere', async () => {
  const { gateway } = await opened();
  const response = await fetch(`${gateway.url}/cgi-bin/user/get`, { method: 'HEAD' });
  expect(response.headers.get('content-type')).toContain('application/json');
  expect(Number(response.headers.get('content-length'))).toBeGreaterThan(0);
});

test('our own paths answer in their own way', async () => {
  const { gateway } = await opened();
  const key = [`Authorization: Bearer ${API_KEY}`];
  expect((await ask(gateway, 'GET //v1/status', key)).status).toBe(200);
  expect((await ask(gateway, 'GET /v1/no/such/route', key)).status).toBe(404);
  expect((await ask(gateway, 'GET /v1/sta tus', key)).status).toBe(400);
  const calls = `POST /v1/authorizers/${ACCOUNT}/calls`;
  const refused = await ask(gateway, calls, [...key, ...form], 'method=GET&path=/cgi-bin/user/get');
  expect(refused).toMatchObject({ status: 415, body: expect.stringContaining('unsupported_content') });
});

test.each([
  ['no body', [], ''],
  ['a body of length 0', ['Content-Length: 0'], ''],
  ['an empty chunked body', ['Transfer-Encoding: chunked'], '0\r\n\r\n'],
])('a route whose body may be empty takes a form type with %s', async (_name, headers, body) => {
  const { gateway } = await opened();
  const line = `POST /v1/components/${COMPONENT}/authorization-links HTTP/1.1`;
  const head = [line, 'Host: gateway', 'Connection: close', `Authorization: Bearer ${API_KEY}`, ...form, ...headers];
  const answer = await raw(gateway, `${head.join('\r\n')}\r\n\r\n${body}`);
  expect(answer).toMatchObject({ status: 201, body: expect.stringContaining('"pending"') });
});

test.each(['GET /v1/status', 'GET /v1/no/such/route', `POST /v1/authorizers/${ACCOUNT}/calls`])(
  'a large form that %s does not read leaves its connection to the next request',
  async (line) => {
    const { gateway } = await opened();
    const fields = 'x'.repeat(500_000);
    const head = [`${line} HTTP/1.1`, 'Host: gateway', `Authorization: Bearer ${API_KEY}`, ...form];
    const first = `${[...head, `Content-Length: ${fields.length}`].join('\r\n')}\r\n\r\n${fields}`;
    const next = 'GET /no/such/family HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n';
    expect((await raw(gateway, first + next)).body).toContain('"errcode":41001');
  },
);
