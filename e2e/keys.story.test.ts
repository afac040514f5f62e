import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inDatabase } from './support/database.ts';
import { Deployment, MINI_PROGRAM, SERVICE_ACCOUNT } from './support/deployment.ts';
import { coWechatApi } from './support/sdk.ts';
import { SecretSearch } from './support/secret-search.ts';
import { until } from './support/until.ts';

const GATEWAYS = [0, 1] as const;
const followers = { method: 'GET', path: '/cgi-bin/user/get' };

let deployment: Deployment;
/** Every key that was ever issued. */
const texts: string[] = [];
beforeAll(async () => {
  deployment = await Deployment.open({ gateways: 2, workers: 1 });
  await deployment.authorized(SERVICE_ACCOUNT);
  await deployment.authorized(MINI_PROGRAM);
});
afterAll(() => deployment?.close());

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

async function ask(key: string, how: string, { gateway = 0, body }: { gateway?: number; body?: unknown } = {}) {
  const [method = 'GET', path = ''] = how.split(' ');
  const response = await fetch(deployment.gatewayUrl(gateway) + path, {
    method,
    headers: { authorization: `Bearer ${key}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const answer: Answer = {
    status: response.status,
    headers: response.headers,
    body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
  };
  return answer;
}

interface MadeKey {
  readonly id: string;
  readonly key: string;
}

async function make(input: Record<string, unknown> = {}, by = deployment.apiKey): Promise<MadeKey> {
  const { status, body } = await ask(by, 'POST /v1/keys', { body: { name: 'story', scopes: ['calls'], ...input } });
  expect(status, JSON.stringify(body)).toBe(201);
  texts.push(String(body.key));
  return { id: String(body.id), key: String(body.key) };
}

const revoke = ({ id }: MadeKey, gateway = 0) => ask(deployment.apiKey, `DELETE /v1/keys/${id}`, { gateway });
const callsOf = (appid: string) => `POST /v1/authorizers/${appid}/calls`;
const listed = async (id: string) => {
  const { body } = await ask(deployment.apiKey, 'GET /v1/keys?limit=1000');
  return (body.items as Record<string, unknown>[]).find((one) => one.id === id);
};

/** Sends a request to the virtual WeChat; returns its answer. */
async function virtual(path: string, gateway = 0): Promise<Record<string, unknown>> {
  const response = await fetch(deployment.gatewayUrl(gateway) + path);
  expect(response.status).toBe(200);
  return (await response.json()) as Record<string, unknown>;
}
const tokenPath = (key: string, appid = SERVICE_ACCOUNT) =>
  `/cgi-bin/token?grant_type=client_credential&appid=${appid}&secret=${key}`;

/** Repeats a request until it is refused; returns the times at which the successful ones started. */
function goOn(once: () => Promise<boolean>): { readonly began: number[]; readonly refused: Promise<number> } {
  const began: number[] = [];
  const refused = (async () => {
    for (;;) {
      const at = performance.now();
      if (!(await once())) return at;
      began.push(at);
    }
  })();
  return { began, refused };
}

describe('a key', () => {
  it('works at every gateway as soon as it is made, for its rights only', async () => {
    const { id, key } = await make({ scopes: ['calls', 'authorizers:read'], accounts: [SERVICE_ACCOUNT] });
    expect(key).toMatch(/^wxk_[0-9a-f]{16}_[A-Za-z0-9_-]{43}$/);
    for (const gateway of GATEWAYS) {
      expect((await ask(key, 'GET /v1/status', { gateway })).status).toBe(200);
      const call = await ask(key, callsOf(SERVICE_ACCOUNT), { gateway, body: followers });
      expect(call).toMatchObject({ status: 200, body: { state: 'completed' } });
      expect((await ask(key, `GET /v1/calls/${call.body.id}`, { gateway })).status).toBe(200);
      const { body } = await ask(key, 'GET /v1/authorizers', { gateway });
      expect((body.items as { appid: string }[]).map(({ appid }) => appid)).toEqual([SERVICE_ACCOUNT]);
    }
    expect(((await ask(deployment.apiKey, 'GET /v1/authorizers')).body.items as object[]).length).toBe(2);

    const foreign = await deployment.call(MINI_PROGRAM, followers);
    for (const [how, body] of [
      [callsOf(MINI_PROGRAM), followers],
      [`GET /v1/authorizers/${MINI_PROGRAM}`, undefined],
      [`GET /v1/calls/${foreign.body.id}`, undefined],
    ] as const) {
      expect(await ask(key, how, { body })).toMatchObject({
        status: 403,
        body: { code: 'forbidden', missing: { account: MINI_PROGRAM } },
      });
    }
    expect(await ask(key, 'GET /v1/keys')).toMatchObject({ status: 403, body: { missing: { scope: 'admin' } } });
    await until('its use was noted', async () => (await listed(id))?.lastUsedAt !== null);
  });

  it('for certain paths reaches WeChat with these only, by every route', async () => {
    const { key } = await make({ paths: ['/cgi-bin/user/*'] });
    expect((await ask(key, callsOf(SERVICE_ACCOUNT), { body: followers })).status).toBe(200);
    const before = await deployment.wechat.counters();
    const menu = { method: 'GET', path: '/cgi-bin/menu/get' };
    expect(await ask(key, callsOf(SERVICE_ACCOUNT), { body: menu })).toMatchObject({
      status: 403,
      body: { missing: { path: '/cgi-bin/menu/get' } },
    });
    const { access_token: token } = await virtual(tokenPath(key));
    expect(await virtual(`/cgi-bin/user/get?access_token=${token}`)).toMatchObject({ total: 25 });
    expect(await virtual(`/cgi-bin/menu/get?access_token=${token}`)).toMatchObject({ errcode: 48001 });
    const { byAccount } = await deployment.wechat.counters();
    expect(byAccount[SERVICE_ACCOUNT]?.['GET /cgi-bin/menu/get']).toBe(
      before.byAccount[SERVICE_ACCOUNT]?.['GET /cgi-bin/menu/get'],
    );
  });

  it('gets only its own accounts from a batch and from a list', async () => {
    const { key } = await make({ accounts: [SERVICE_ACCOUNT], paths: ['/cgi-bin/user/*'] });
    const menu = { method: 'GET', path: '/cgi-bin/menu/get' };
    const calls = [
      { ...followers, appid: SERVICE_ACCOUNT },
      { ...followers, appid: MINI_PROGRAM },
      { ...menu, appid: SERVICE_ACCOUNT },
    ];
    const { status, body } = await ask(key, 'POST /v1/calls/batch', { body: { calls } });
    expect(status).toBe(202);
    const [own, foreign, elsewhere] = body.items as Record<string, unknown>[];
    expect(own).toEqual({ id: expect.any(String) });
    expect(foreign).toMatchObject({ problem: { code: 'forbidden', missing: { account: MINI_PROGRAM } } });
    expect(elsewhere).toMatchObject({ problem: { code: 'forbidden', missing: { path: menu.path } } });
    const settled = await until('it settles', async () => {
      const call = await ask(key, `GET /v1/calls/${own!.id}`);
      return call.body.settledAt !== null && call;
    });
    expect(settled).toMatchObject({ status: 200, body: { state: 'completed' } });

    const other = await ask(deployment.apiKey, callsOf(SERVICE_ACCOUNT), { body: menu });
    const ids = async (whose: string) => {
      const { body } = await ask(whose, `GET /v1/calls?appid=${SERVICE_ACCOUNT}&limit=1000`);
      return (body.items as { id: string; path: string }[]).map(({ id }) => id);
    };
    expect(await ids(deployment.apiKey)).toEqual(expect.arrayContaining([other.body.id, own!.id]));
    expect(await ids(key)).toContain(own!.id);
    expect(await ids(key)).not.toContain(other.body.id);
    for (const how of ['GET', 'DELETE']) {
      expect(await ask(key, `${how} /v1/calls/${other.body.id}`)).toMatchObject({
        status: 403,
        body: { missing: { path: menu.path } },
      });
    }
    expect(await ask(key, `GET /v1/calls?appid=${MINI_PROGRAM}`)).toMatchObject({
      status: 403,
      body: { missing: { account: MINI_PROGRAM } },
    });
  });

  it('for one account gets no token of another', async () => {
    const { key } = await make({ accounts: [MINI_PROGRAM] });
    expect(await virtual(tokenPath(key))).toMatchObject({ errcode: 61003 });
    expect(await virtual(tokenPath(key, MINI_PROGRAM))).toMatchObject({ expires_in: 7200 });
    expect(await virtual(tokenPath(`${key}x`, MINI_PROGRAM))).toMatchObject({ errcode: 40125 });
  });

  it('expires', async () => {
    const { id, key } = await make({ expiresAt: new Date(Date.now() + 3_600_000).toISOString() });
    const { access_token: token } = await virtual(tokenPath(key));
    expect(token).toEqual(expect.any(String));
    expect(await virtual(`/cgi-bin/user/get?access_token=${token}`)).toMatchObject({ total: 25 });
    // Set only now, so that a slow machine cannot use the key too late.
    await inDatabase(deployment, (sql) =>
      sql.updateTable('api_keys').set({ expires_at: Date.now() }).where('id', '=', id).execute(),
    );
    for (const gateway of GATEWAYS) {
      await until('it is over', async () => (await ask(key, 'GET /v1/status', { gateway })).status === 401);
      expect(await virtual(`/cgi-bin/user/get?access_token=${token}`, gateway)).toMatchObject({ errcode: 40001 });
    }
  });

  it('is made, listed and revoked on the command line, too', async () => {
    const options = ['--name', 'by hand', '--scopes', 'calls,authorizers:read', '--accounts', SERVICE_ACCOUNT];
    const made = deployment.command(['keys', 'create', ...options, '--rate', '50']);
    expect(await made.ended()).toBe(0);
    const key = /wxk_\S+/.exec(made.output)?.[0] ?? '';
    texts.push(key);
    const id = key.slice(4, 20);
    expect((await ask(key, callsOf(SERVICE_ACCOUNT), { gateway: 1, body: followers })).status).toBe(200);
    const list = deployment.command(['keys', 'list']);
    expect(await list.ended()).toBe(0);
    expect(list.output).toMatch(new RegExp(`^${id}  valid  by hand  calls,authorizers:read .*50 a second`, 'm'));
    expect(list.output).not.toContain(key);

    const isAccepted = async (gateway: number) => {
      const { status } = await ask(key, 'GET /v1/status', { gateway });
      // More than the key's rate permits.
      expect([200, 401, 429]).toContain(status);
      return status !== 401;
    };
    const gone = GATEWAYS.map((gateway) => goOn(() => isAccepted(gateway)));
    const revoked = deployment.command(['keys', 'revoke', id]);
    expect(await revoked.ended()).toBe(0);
    for (const { refused } of gone) await refused;
    expect(await deployment.command(['keys', 'revoke', 'unknown']).ended()).toBe(1);
    expect(await deployment.command(['keys', 'create', '--name', 'x', '--scopes', 'everything']).ended()).toBe(1);
    expect(await deployment.command(['keys']).ended()).toBe(2);
  });
});

describe('a revoked key', () => {
  it('is refused at both gateways, with the tokens that an SDK holds', async () => {
    const made = await make();
    const { access_token: token } = await virtual(tokenPath(made.key));
    const errors: Error[] = [];
    const users = GATEWAYS.flatMap((gateway) => {
      const api = coWechatApi(deployment.gatewayUrl(gateway), SERVICE_ACCOUNT, made.key);
      return [
        goOn(async () => (await ask(made.key, 'GET /v1/status', { gateway })).status === 200),
        goOn(async () => (await virtual(`/cgi-bin/user/get?access_token=${token}`, gateway)).total === 25),
        goOn(() =>
          api.getFollowers!().then(
            ({ total }) => total === 25,
            (error: Error) => {
              errors.push(error);
              return false;
            },
          ),
        ),
      ];
    });
    await until('all of them are at work', () => users.every(({ began }) => began.length >= 3));

    expect((await revoke(made)).status).toBe(204);
    for (const { refused } of users) await refused;
    // The SDK asked for another token with the revoked key.
    expect(errors).toHaveLength(2);
    for (const error of errors) expect(error).toMatchObject({ code: 40125 });
    for (const gateway of GATEWAYS) {
      expect((await ask(made.key, 'GET /v1/status', { gateway })).status).toBe(401);
      expect(await virtual(tokenPath(made.key), gateway)).toMatchObject({ errcode: 40125 });
      expect(await virtual(`/cgi-bin/user/get?access_token=${token}`, gateway)).toMatchObject({ errcode: 40001 });
    }
    expect((await revoke(made, 1)).status).toBe(204);
    expect((await listed(made.id))?.revokedAt).toEqual(expect.any(String));
  });

  it('is refused even if the hint of the revocation is lost', async () => {
    const made = await make();
    const user = goOn(async () => (await ask(made.key, 'GET /v1/status', { gateway: 1 })).status === 200);
    await until('it is at work', () => user.began.length >= 3);
    const client = deployment.redis.client();
    try {
      // Subscribers are disconnected, and reconnect only after a moment.
      await client.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      expect((await revoke(made)).status).toBe(204);
      await user.refused;
    } finally {
      client.disconnect();
    }
  });
});

describe('a key’s rate', () => {
  it('is counted over both gateways, and a refusal names the time of the next attempt', async () => {
    const { key } = await make({ ratePerSecond: 2 });
    const begunAt = performance.now();
    // Far more at once than the rate permits in the time that a busy machine needs for them.
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, i) => ask(key, 'GET /v1/status', { gateway: GATEWAYS[i % GATEWAYS.length]! })),
    );
    const seconds = (performance.now() - begunAt) / 1_000;
    const passed = answers.filter(({ status }) => status === 200).length;
    expect(passed).toBeGreaterThan(0);
    // One second's capacity had accumulated.
    expect(passed).toBeLessThanOrEqual(Math.ceil(2 * (seconds + 1)));
    const refused = answers.filter(({ status }) => status !== 200);
    for (const answer of refused) {
      expect(answer).toMatchObject({ status: 429, body: { code: 'rate_limited', remedy: 'slow-down', retryAfter: 1 } });
      expect(answer.headers.get('retry-after')).toBe('1');
    }
    expect(refused.length).toBeGreaterThan(0);
    // A caller that waits is served, at either gateway.
    for (const gateway of GATEWAYS) {
      await until('the rate permits more', async () => (await ask(key, 'GET /v1/status', { gateway })).status === 200);
    }
  });

  it('is a refusal like WeChat’s in the virtual WeChat', async () => {
    const { key } = await make({ ratePerSecond: 1 });
    const { access_token: token } = await until('a token', async () => {
      const answer = await virtual(tokenPath(key));
      return answer.access_token !== undefined && answer;
    });
    // More at once than the rate permits in the time that a busy machine needs for them.
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, i) => virtual(`/cgi-bin/user/get?access_token=${token}`, i % GATEWAYS.length)),
    );
    expect(answers.filter(({ errcode }) => errcode === 45011).length).toBeGreaterThanOrEqual(1);
    // A caller that waits is served.
    await until('there is more', async () => {
      return (await virtual(`/cgi-bin/user/get?access_token=${token}`)).total === 25;
    });
  });
});

describe('the audit', () => {
  it('shows who made and revoked keys, and who read the audit', async () => {
    const operator = await make({ name: 'operator', scopes: ['admin'] });
    const made = await make({ name: 'made by the operator' }, operator.key);
    expect((await ask(operator.key, `DELETE /v1/keys/${made.id}`, { gateway: 1 })).status).toBe(204);
    expect((await listed(made.id))?.createdBy).toBe(operator.id);
    await ask(operator.key, 'GET /v1/nothing/of/the/kind');
    const { status, body } = await ask(operator.key, 'GET /v1/audit?limit=1000', { gateway: 1 });
    expect(status).toBe(200);
    const entries = (body.items as Record<string, unknown>[]).filter(({ actor }) => actor === operator.id);
    expect(entries.map(({ action, target }) => [action, target])).toEqual([
      ['GET /v1/audit', null],
      ['GET an unlisted route', null],
      ['key revoked', made.id],
      ['key created', made.id],
    ]);
    for (const entry of entries) {
      expect(entry).toMatchObject({ address: '127.0.0.1', requestId: expect.any(String), at: expect.any(String) });
    }
    const fromCommandLine = (body.items as Record<string, unknown>[]).filter(({ actor }) => actor === 'command-line');
    expect(fromCommandLine.map(({ action }) => action)).toEqual(['key revoked', 'key created']);
    // An operator's key is for operators' routes; none includes another.
    expect(await ask(operator.key, callsOf(SERVICE_ACCOUNT), { body: followers })).toMatchObject({
      status: 403,
      body: { missing: { scope: 'calls' } },
    });
  });
});

describe('guessing', () => {
  it('is limited, while every valid key works, even one that the gateway sees for the first time', async () => {
    const { key } = await make();
    expect((await ask(key, 'GET /v1/status', { gateway: 1 })).status).toBe(200);
    const guesses = await Promise.all(
      Array.from({ length: 60 }, (_, n) =>
        ask(`wxk_0123456789abcdef_${String(n).padStart(43, 'x')}`, 'GET /v1/status', { gateway: 1 }),
      ),
    );
    expect(guesses.every(({ status }) => status === 401 || status === 429)).toBe(true);
    const refused = await ask('another', 'GET /v1/status', { gateway: 1 });
    expect(refused).toMatchObject({ status: 429, body: { code: 'too_many_guesses' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await ask(key, 'GET /v1/status', { gateway: 1 })).status).toBe(200);
    const unseen = await make();
    expect((await ask(unseen.key, 'GET /v1/status', { gateway: 1 })).status).toBe(200);
  });
});

describe('after all that', () => {
  it('no key is in plain text in Redis, in SQL, or in a log', async () => {
    expect(texts.length).toBeGreaterThan(8);
    const search = new SecretSearch({ key: texts });
    const some = texts[0]!.slice(4, 20);
    const logs = [...deployment.gateways, ...deployment.workers].map(
      (child) => [`log of ${child.name}`, child.output] as const,
    );
    expect(logs.some(([, output]) => output.includes(some))).toBe(true);
    expect(logs.flatMap(([place, output]) => search.find(place, Buffer.from(output)))).toEqual([]);

    await Promise.all([...deployment.workers, ...deployment.gateways].map((child) => child.shutDown()));
    // Redis's append-only file, and the database with its journal, as they are on the disk.
    const files = (await readdir(deployment.dir, { recursive: true, withFileTypes: true })).filter((file) =>
      file.isFile(),
    );
    const contents = await Promise.all(
      files.map(async ({ parentPath, name }) => [name, await readFile(join(parentPath, name))] as const),
    );
    const holding = (kind: RegExp, text: string) =>
      contents.some(([name, bytes]) => kind.test(name) && bytes.includes(text));
    expect(holding(/sqlite/, some)).toBe(true);
    expect(holding(/aof$/, '{key:')).toBe(true);
    expect(contents.flatMap(([name, bytes]) => search.find(name, bytes))).toEqual([]);
  });
});
