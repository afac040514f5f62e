import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { ACCOUNT, COMPONENT, fakePlatform } from './fake-platform.ts';
import { API_KEY, openGateway } from './open-gateway.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const PAGES = ['README.md', 'README.zh-CN.md', ...globSync('docs/*.md', { cwd: ROOT })];

interface Example {
  readonly page: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly method: string;
}

/** What a shell makes of it: words between blanks, quoted ones whole, continued lines as one. */
function wordsOf(command: string): string[] {
  return [...command.replaceAll('\\\n', ' ').matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!);
}

function examplesOf(page: string): Example[] {
  const text = readFileSync(ROOT + page, 'utf8');
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, block]) => block!);
  const commands = blocks.flatMap((block) => block.match(/^curl (?:.*\\\n)*.*/gm) ?? []);
  return commands.map((command) => {
    const words = wordsOf(command);
    const after = (option: string) => words.flatMap((word, i) => (words[i - 1] === option ? [word] : []));
    const headers = after('-H').map((header) => header.split(/: */, 2) as [string, string]);
    const body = after('-d')[0];
    return {
      page,
      url: words.find((word) => /^https?:/.test(word))!,
      headers: Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value])),
      body,
      method: after('-X')[0] ?? (body === undefined ? 'GET' : 'POST'),
    };
  });
}

const examples = PAGES.flatMap(examplesOf);

test('the pages have examples', () => {
  expect(examples.length).toBeGreaterThanOrEqual(5);
  const pages = ['README.md', 'README.zh-CN.md', 'docs/calls.md', 'docs/consent.md', 'docs/keys.md', 'docs/quotas.md'];
  for (const page of pages) expect(examples.map((example) => example.page)).toContain(page);
});

test.each(examples)(
  '$page: the request to $url is answered, as it is printed',
  async ({ url, method, headers, body }) => {
    const gateway = await openGateway(fakePlatform());
    const own = (path: string) =>
      path.replace('COMPONENT_APPID', COMPONENT).replace(/ACCOUNT_APPID|wx0123456789abcdef/, ACCOUNT);
    const given = { ...headers, authorization: `Bearer ${API_KEY}` };
    expect(headers.authorization).toMatch(/^Bearer \S+$/);
    const { pathname } = new URL(url);
    const stop = new AbortController();
    const response = await fetch(gateway.url + own(pathname), {
      method,
      headers: given,
      signal: stop.signal,
      ...(body === undefined ? {} : { body }),
    });
    if (response.status >= 300) expect(await response.text()).toBe('an answer');
    expect(response.status).toBeLessThan(300);
    // Streams do not end by themselves.
    stop.abort();
  },
);
