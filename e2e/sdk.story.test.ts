import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Built, build, run } from '../packages/sdk/test/built.ts';
import { Deployment, SERVICE_ACCOUNT } from './support/deployment.ts';

const README = new URL('../packages/sdk/README.md', import.meta.url);
const TSC = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url));

/** The output of each example of the README, in order. */
const printed = [
  /^greeted 25 followers$/,
  new RegExp(`^${SERVICE_ACCOUNT} 演示服务号\\n\\d+ of them follow, as of the last sync$`),
  /^40003 fix-request$/,
  /^WeChat pushes from \d+ addresses$/,
  /^\d+ of \d+ follow$/,
];

let deployment: Deployment;
let sdk: Built;
let examples: string[];
let project: string;

beforeAll(async () => {
  [deployment, sdk] = await Promise.all([Deployment.open(), build()]);
  await deployment.authorized();
  project = await mkdtemp(join(tmpdir(), 'wxthirdparty-example-'));
  await mkdir(join(project, 'node_modules/@wxthirdparty'), { recursive: true });
  await symlink(sdk.folder, join(project, 'node_modules/@wxthirdparty/sdk'));
  examples = [...(await readFile(README, 'utf8')).matchAll(/^```js\n(.*?)^```$/gms)].map(([, text]) => text!);
  await Promise.all(
    examples.map((text, i) =>
      writeFile(
        join(project, `example-${i}.mjs`),
        text.replaceAll('http://127.0.0.1:3000', deployment.gatewayUrl()).replaceAll('YOUR_API_KEY', deployment.apiKey),
      ),
    ),
  );
});
afterAll(async () => {
  await Promise.all([deployment?.close(), sdk?.remove(), project && rm(project, { recursive: true, force: true })]);
});

describe('the published SDK', () => {
  it('has as many examples as this story expects', () => expect(examples).toHaveLength(printed.length));

  it.each(printed.map((text, i): [number, RegExp] => [i, text]))(
    'example %i of its README prints %s',
    async (i, text) => {
      const { stdout, stderr } = await run(process.execPath, [join(project, `example-${i}.mjs`)]);
      expect(stdout.trim()).toMatch(text);
      expect(stderr).toBe('');
    },
  );

  it('has examples that compile in a strict project with browsers’ types only', async () => {
    await writeFile(
      join(project, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          ...{ strict: true, exactOptionalPropertyTypes: true, allowJs: true, checkJs: true, noEmit: true },
          ...{ module: 'nodenext', target: 'es2022', lib: ['es2022', 'dom'], types: [], skipLibCheck: false },
        },
        include: ['*.mjs'],
      }),
    );
    const { stdout } = await run(process.execPath, [TSC, '-p', project]).catch((error: { stdout: string }) => error);
    expect(stdout).toBe('');
  });

  it('sends a message, and waits for an answer by the call or by its id', async () => {
    const { WxThirdparty } = (await import(
      join(sdk.folder, 'dist/index.js')
    )) as typeof import('../packages/sdk/src/index.ts');
    const client = new WxThirdparty({ url: deployment.gatewayUrl(), apiKey: deployment.apiKey });
    const account = client.authorizer(SERVICE_ACCOUNT);
    const { data } = await account.call('GET /cgi-bin/user/get');
    const message = { touser: data!.openid[0]!, msgtype: 'text', text: { content: 'hello' } } as const;
    expect(await account.call('POST /cgi-bin/message/custom/send', message)).toMatchObject({ errcode: 0 });
    const call = await account.submit('GET /cgi-bin/user/info', { openid: message.touser, lang: 'zh_CN' });
    expect((await client.waitFor(call)).openid).toBe(message.touser);
    expect(await client.waitFor(call.id)).toMatchObject({ openid: message.touser });
  });

  it('makes one call of two under the same key, and cancels a call that has not departed', async () => {
    const { WxThirdparty } = (await import(
      join(sdk.folder, 'dist/index.js')
    )) as typeof import('../packages/sdk/src/index.ts');
    const client = new WxThirdparty({ url: deployment.gatewayUrl(), apiKey: deployment.apiKey });
    const account = client.authorizer(SERVICE_ACCOUNT);
    const twice = await Promise.all(
      [1, 2].map(() => account.submit('GET /cgi-bin/user/get', {}, { idempotencyKey: 'the-same' })),
    );
    expect(twice[0]!.id).toBe(twice[1]!.id);
    const inAnHour = new Date(Date.now() + 3_600_000).toISOString();
    const later = await account.submit('GET /cgi-bin/user/get', {}, { notBeforeAt: inAnHour });
    expect((await client.cancelCall(later.id)).state).toBe('cancelled');
    await expect(client.waitFor(later)).rejects.toMatchObject({ name: 'CallFailedError', code: 'cancelled' });
    const listed: string[] = [];
    for await (const { id } of client.calls({ appid: SERVICE_ACCOUNT, state: 'cancelled' })) listed.push(id);
    expect(listed).toEqual([later.id]);
  });

  it('reports a missing key and an unknown account with its own errors', async () => {
    const { WxThirdparty } = (await import(
      join(sdk.folder, 'dist/index.js')
    )) as typeof import('../packages/sdk/src/index.ts');
    const stranger = new WxThirdparty({ url: deployment.gatewayUrl(), apiKey: 'made-up' });
    await expect(stranger.status()).rejects.toMatchObject({ name: 'RefusedError', status: 401, code: 'unauthorized' });
    const client = new WxThirdparty({ url: deployment.gatewayUrl(), apiKey: deployment.apiKey });
    await expect(client.authorizer('wx00000000000000ff').call('GET /cgi-bin/user/get')).rejects.toMatchObject({
      code: 'unknown_authorizer',
      remedy: 'fix-request',
    });
  });
});
