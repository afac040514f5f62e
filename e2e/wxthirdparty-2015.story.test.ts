import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hooks, ThirdpartyServer } from '../packages/wxthirdparty/src/index.ts';
import { Child } from './support/child.ts';
import { Deployment, MINI_PROGRAM, SERVICE_ACCOUNT } from './support/deployment.ts';
import { freePort } from './support/free-port.ts';
import { installWxthirdparty, programOf2015 } from './support/program-2015.ts';
import { until } from './support/until.ts';

const run = promisify(execFile);
const README = new URL('../packages/wxthirdparty/README.md', import.meta.url);
/** What the examples of the README print, in order. */
const PRINTED = [/^ready$/, /^演示服务号 has 25 followers; the first is o\S+, after \d+ ms$/];

let folder: string;
let deployment: Deployment;
let program: Child;
let programUrl: string;
let openids: readonly string[];
let wxToken: string;
let thirdparty: ThirdpartyServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wxthirdparty-2015-'));
  const port = await freePort();
  programUrl = `http://127.0.0.1:${port}`;
  // WeChat pushes to the program, as it did in 2015: the gateway has no ticket unless the program passes it on.
  [deployment] = await Promise.all([Deployment.open({ nodes: 1, pushTo: programUrl }), installWxthirdparty(folder)]);
  const { appid, token, encodingAesKey: key } = deployment.component;
  const db = deployment.gatewayUrl().replace('://', `://:${deployment.apiKey}@`);
  await writeFile(join(folder, 'app.js'), await programOf2015({ appid, appsecret: 'unused', token, key, db }));
  program = new Child('program of 2015', process.execPath, ['app.js'], { PORT: String(port) }, folder);
  await program.says('program listening');
  openids = await deployment.wechat.followers(SERVICE_ACCOUNT);
  thirdparty = new ThirdpartyServer(appid, 'unused', token, key, db);
});
afterAll(async () => {
  thirdparty?.stop();
  await program?.shutDown();
  await deployment?.close();
  await rm(folder, { recursive: true, force: true });
});

const consentOf = (appid: string) =>
  deployment.wechat.control<{ code: string }>('POST', '/authorize', { appid, component: deployment.component.appid });

describe('the example of 2015, in a cluster, with only the address of the database changed', () => {
  it('passes tickets on, and is ready', async () => {
    await deployment.wechat.control('POST', '/tick', {});
    await program.says('component ready');
    await deployment.ready();
  });

  it('exchanges the code of a consent in one worker, and knows the account in the other', async () => {
    const { code } = await consentOf(SERVICE_ACCOUNT);
    const exchanged = await fetch(`${programUrl}/consented?auth_code=${encodeURIComponent(code)}`);
    const { err, user_info } = (await exchanged.json()) as { err: unknown; user_info: { wx_token: string } };
    expect(err).toBeNull();
    expect(user_info).toMatchObject({ appid: SERVICE_ACCOUNT, nick_name: '演示服务号', service_type_id: 2 });
    wxToken = user_info.wx_token;
    const pids = new Set<string | null>();
    await until('both workers have answered', async () => {
      const response = await fetch(`${programUrl}/show_head_img?openid=${openids[0]}`, {
        headers: { cookie: `wx_token=${wxToken}` },
      });
      expect(await response.text()).toBe(`<img src="http://picture.example/${openids[0]}"/>`);
      pids.add(response.headers.get('x-pid'));
      return pids.size === 2;
    });
    expect(program.output).not.toMatch(/died|Warning|wxt_/);
  });
});

describe('in another process', () => {
  it('the README’s examples do what they say', async () => {
    const examples = [...(await readFile(README, 'utf8')).matchAll(/^```js\n(.*?)^```$/gms)].map(([, text]) => text!);
    expect(examples).toHaveLength(PRINTED.length);
    const { appid, token, encodingAesKey } = deployment.component;
    const values = {
      'http://127.0.0.1:3000': deployment.gatewayUrl(),
      YOUR_API_KEY: deployment.apiKey,
      COMPONENT_APPID: appid,
      TOKEN: token,
      ENCODING_AES_KEY: encodingAesKey,
      COOKIE: wxToken,
    };
    for (const [i, text] of examples.entries()) {
      const file = join(folder, `example-${i}.${text.includes('import ') ? 'mjs' : 'cjs'}`);
      const filled = Object.entries(values).reduce(
        (filled, [name, value]) => filled.replaceAll(`'${name}'`, `'${value}'`),
        text,
      );
      await writeFile(file, filled);
      const { stdout, stderr } = await run(process.execPath, [file]);
      expect([stdout.trim(), stderr]).toEqual([expect.stringMatching(PRINTED[i]!), '']);
    }
  });

  it('the account is found, called with hooks, and refused as in 2015', async () => {
    const user = await thirdparty.get_user_info(wxToken);
    expect(user).toMatchObject({
      appid: SERVICE_ACCOUNT,
      access_token: expect.stringMatching(/^wxt_/),
      wx_token: wxToken,
    });
    const client = thirdparty.createClient(user);
    expect(await client.getFollowers()).toEqual(openids);
    hooks.sendText = {
      before(_openid, text, next, temp) {
        temp.text = text;
        next();
      },
      after(_error, data, callback, temp) {
        callback(null, { ...data, text: temp.text });
      },
    };
    try {
      expect(await client.sendText(openids[1], '您好')).toMatchObject({ errcode: 0, text: '您好' });
    } finally {
      delete hooks.sendText;
    }
    expect((await deployment.wechat.messages()).map(({ touser }) => touser)).toEqual([openids[1]]);
    await writeFile(join(folder, '封面.png'), 'a picture');
    const { media_id } = await client.uploadMedia(join(folder, '封面.png'), 'image');
    expect(String(await client.getMedia(media_id))).toBe('a picture');
    expect(await client.getJsConfig({ url: 'http://shop.example/', jsApiList: [] })).toMatchObject({
      appId: user.appid,
    });
    await expect(client.getUser('unknown')).rejects.toMatchObject({
      code: 40003,
      errcode: 40003,
      remedy: 'fix-request',
    });
    const stranger = thirdparty.createClient({ appid: MINI_PROGRAM });
    await expect(stranger.getFollowers()).rejects.toMatchObject({ code: 'reauthorize', errcode: 61003 });
    await expect(thirdparty.get_user_info('unknown')).rejects.toMatchObject({ code: 'unknown_authorizer' });
    await expect(thirdparty.fetch_user_info('queryauthcode@@@unknown')).rejects.toMatchObject({
      remedy: 'fix-request',
    });
  });

  it('start does not keep a process alive after unref', async () => {
    const { appid, token, encodingAesKey: key } = deployment.component;
    const given = JSON.stringify([
      appid,
      'unused',
      token,
      key,
      { gateway: deployment.gatewayUrl(), apiKey: deployment.apiKey },
    ]);
    const script = `const { ThirdpartyServer } = require('wxthirdparty');
      const thirdparty = new ThirdpartyServer(...${given});
      thirdparty.once('ready', () => console.log('ready')).unref().start();`;
    expect(await run(process.execPath, ['-e', script], { cwd: folder })).toEqual({ stdout: 'ready\n', stderr: '' });
  });

  it('secrets are good at the gateway', async () => {
    const { access_token, preauthcode } = await thirdparty.secrets();
    expect(preauthcode).toMatch(/^preauthcode@@@/);
    const path = `/cgi-bin/component/api_get_authorizer_list?component_access_token=${access_token}`;
    const body = { component_appid: deployment.component.appid, offset: 0, count: 10 };
    expect((await deployment.api('POST', path, body)).body).toMatchObject({ total_count: 1 });
  });
});
