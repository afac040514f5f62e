import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bot, botFile, installBot } from './bot.ts';
import { run } from './built.ts';
import { exampleFile } from './example.ts';
import { pushOf, SECRET, signed, textPush } from './signed.ts';

let bot: Bot;
let url: string;

beforeAll(async () => {
  bot = await installBot();
  url = await bot.start({ WX_SECRET: SECRET, PORT: '0' });
});
afterAll(() => bot?.remove());

async function answer(body: string): Promise<[number, unknown]> {
  const response = await fetch(url, { method: 'POST', ...signed(body) });
  const text = await response.text();
  return [response.status, text === '' ? undefined : (JSON.parse(text) as unknown)];
}

describe('the example of a bot', () => {
  it('has at most 30 lines, and the types of the SDK, as the other example has', async () => {
    expect((await readFile(botFile, 'utf8')).trimEnd().split('\n').length).toBeLessThanOrEqual(30);
    const options = {
      strict: true,
      allowJs: true,
      checkJs: true,
      noEmit: true,
      module: 'nodenext',
      skipLibCheck: true,
    };
    await cp(exampleFile('js-sdk.mjs'), join(bot.project, 'js-sdk.mjs'));
    await writeFile(
      join(bot.project, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: { ...options, types: ['node'] }, include: ['*.mjs'] }),
    );
    const tsc = fileURLToPath(new URL('../../../node_modules/typescript/bin/tsc', import.meta.url));
    const { stdout } = await run(process.execPath, [tsc, '-p', bot.project]).catch(
      (error: { stdout: string }) => error,
    );
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
