import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Built, build, run } from './built.ts';
import { pushOf, SECRET, signed, textPush } from './signed.ts';

const rootFolder = fileURLToPath(new URL('../../..', import.meta.url));
const example = join(rootFolder, 'examples/bot.mjs');

let sdk: Built;
let project: string;
let bot: ChildProcess;
let url: string;

beforeAll(async () => {
  sdk = await build();
  project = await mkdtemp(join(tmpdir(), 'wxthirdparty-bot-'));
  await mkdir(join(project, 'node_modules/@wxthirdparty'), { recursive: true });
  await symlink(sdk.folder, join(project, 'node_modules/@wxthirdparty/sdk'));
  await symlink(join(rootFolder, 'node_modules/@types'), join(project, 'node_modules/@types'));
  await cp(example, join(project, 'bot.mjs'));
  bot = spawn(process.execPath, ['bot.mjs'], {
    cwd: project,
    env: { PATH: process.env.PATH, WX_SECRET: SECRET, PORT: '0' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [line] = (await once(createInterface(bot.stdout!), 'line')) as [string];
  url = /http:\S+/.exec(line)![0];
});
afterAll(async () => {
  bot?.kill();
  await Promise.all([sdk?.remove(), project && rm(project, { recursive: true, force: true })]);
});

async function answer(body: string): Promise<[number, unknown]> {
  const response = await fetch(url, { method: 'POST', ...signed(body) });
  const text = await response.text();
  return [response.status, text === '' ? undefined : (JSON.parse(text) as unknown)];
}

describe('the example of a bot', () => {
  it('has at most 30 lines, and the types of the SDK', async () => {
    expect((await readFile(example, 'utf8')).trimEnd().split('\n').length).toBeLessThanOrEqual(30);
    const options = {
      strict: true,
      allowJs: true,
      checkJs: true,
      noEmit: true,
      module: 'nodenext',
      skipLibCheck: true,
    };
    await writeFile(
      join(project, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: { ...options, types: ['node'] }, include: ['bot.mjs'] }),
    );
    const tsc = join(rootFolder, 'node_modules/typescript/bin/tsc');
    const { stdout } = await run(process.execPath, [tsc, '-p', project]).catch((error: { stdout: string }) => error);
    expect(stdout).toBe('');
  });

  it('repeats texts, even the longest, and greets new followers', async () => {
    expect(await answer(textPush('你好'))).toEqual([200, { reply: { type: 'text', content: '你说：你好' } }]);
    expect((await answer(textPush('好'.repeat(2_048))))[0]).toBe(200);
    expect(await answer(pushOf('event.subscribe', {}))).toEqual([
      200,
      { reply: { type: 'text', content: expect.stringContaining('谢谢关注') as string } },
    ]);
    expect(await answer(pushOf('message.image', {}))).toMatchObject([200, { reply: { type: 'text' } }]);
    expect(await answer(pushOf('event.view', {}))).toEqual([204, undefined]);
  });

  it('answers nothing to a request that is not signed', async () => {
    const response = await fetch(url, { method: 'POST', body: textPush('hi') });
    expect(response.status).toBe(400);
  });
});
