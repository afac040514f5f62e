import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Installed, install, olderNode, run } from './installed.ts';

const rootFolder = fileURLToPath(new URL('../../..', import.meta.url));

let installed: Installed;
let packageFolder: string;
beforeAll(async () => {
  installed = await install();
  packageFolder = join(installed.folder, 'node_modules/wxthirdparty');
});
afterAll(() => installed?.remove());

const npx = ['npx', 'wxthirdparty'] as const;
const direct = () => [join(installed.folder, 'node_modules/.bin/wxthirdparty')] as const;

interface Manifest {
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

/** The installed command, or npx with it; it ends with the test. */
function command(program: readonly [string, ...string[]], ...args: string[]) {
  const [file, ...before] = program;
  const child = spawn(file, [...before, ...args], {
    cwd: installed.folder,
    env: { ...installed.env, PORT: '0', DEMO_TRAFFIC: 'false' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  // Its output is closed when no process is left that may write to it.
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }));
  return {
    ended,
    /** What it prints up to the line of curl. */
    async started() {
      const early = ended.then((outcome) => {
        throw new Error(`it ended before it was ready: ${JSON.stringify(outcome)}`);
      });
      early.catch(() => {});
      await Promise.race([early, expect.poll(() => stdout).toMatch(/^curl .*\n/m)]);
      return stdout;
    },
    stop() {
      child.kill('SIGTERM');
      return ended;
    },
    [Symbol.dispose]: () => void child.kill('SIGTERM'),
  };
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    return await once(socket, 'connect').then(
      () => true,
      () => false,
    );
  } finally {
    socket.destroy();
  }
}

/** The ports of the gateway, Redis and the simulator, from the output. */
function portsOf(lines: string): number[] {
  const found = /runs at http:\S+:(\d+)[\s\S]*on port (\d+)[\s\S]*simulated at http:\S+:(\d+)/.exec(lines);
  return found!.slice(1).map(Number);
}

describe('the installed package', () => {
  it('satisfies publint', async () => {
    const { messages, pkg } = await publint({ pkgDir: packageFolder, pack: false, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  it('depends on what it imports, in the exact versions of the workspace', () => {
    const { dependencies = {} } = manifestOf(packageFolder);
    const manifests = globSync('packages/*/package.json', { cwd: rootFolder }).map((path) =>
      manifestOf(join(rootFolder, path, '..')),
    );
    for (const [name, version] of Object.entries(dependencies)) {
      expect([name, version]).toEqual([name, expect.stringMatching(/^\d+\.\d+\.\d+(?:-[\w.]+)?$/)]);
      const inWorkspace = manifests.flatMap((manifest) => manifest.dependencies?.[name] ?? []);
      expect([name, new Set(inWorkspace)]).toEqual([name, new Set([version])]);
    }
    const imported = globSync('dist/**/*.js', { cwd: packageFolder }).flatMap((file) => {
      const text = readFileSync(join(packageFolder, file), 'utf8');
      return [...text.matchAll(/(?:\bfrom |\bimport |\bimport\(|\brequire\()"([^".][^"]*)"/g)].map(([, name]) => name!);
    });
    const packages = imported.filter((name) => !isBuiltin(name)).map((name) => /^(?:@[^/]+\/)?[^/]+/.exec(name)![0]);
    expect(packages).toEqual(expect.arrayContaining(['bullmq', 'express', 'undici']));
    expect([...new Set(packages)].filter((name) => !(name in dependencies))).toEqual([]);
  });

  it('uses no syntax and no names that the oldest Node of the command line does not have', () => {
    const late =
      /\busing \w+ =|Promise\.try|RegExp\.escape|DisposableStack|Error\.isError|import\.meta\.main|Iterator\.concat|fromBase64\(|URLPattern/;
    const scripts = globSync('dist/command-line/*.js', { cwd: packageFolder });
    expect(scripts).toEqual(
      expect.arrayContaining(['main.js', 'simulator.js'].map((name) => `dist/command-line/${name}`)),
    );
    for (const script of scripts) {
      const code = readFileSync(join(packageFolder, script), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
      expect([script, late.exec(code)?.[0]]).toEqual([script, undefined]);
    }
  });

  it('contains a licence and a README, and neither tests nor sources', () => {
    const files = globSync('**/*', { cwd: packageFolder, exclude: (name) => name === 'node_modules' });
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'bin/wxthirdparty.mjs']));
    expect(files.filter((file) => /test|\bsrc\b|(?<!\.d)\.ts$/.test(file))).toEqual([]);
    const texts = files
      .filter((file) => statSync(join(packageFolder, file)).isFile())
      .map((file) => readFileSync(join(packageFolder, file), 'utf8'));
    // A thread's script or a path that the build does not know would be found at the wrong place only when it is needed.
    expect(texts.join('\n').match(/new URL\([^)]*\.ts['"][^)]*\)/g)).toEqual([
      'new URL(isCheckout ? "../../simulator/src/main.ts" : "simulator.js", import.meta.url)',
    ]);
  });

  it('refuses an older Node in one sentence that names the one to install', async () => {
    const older = "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } });";
    const outcome = await run(
      process.execPath,
      ['--import', `data:text/javascript,${encodeURIComponent(older)}`, join(packageFolder, 'bin/wxthirdparty.mjs')],
      { env: installed.env },
    ).catch((error: { code: number; stderr: string }) => error);
    expect(outcome).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^The command .* needs Node 22\.19 .*\n$/),
    });
  });

  it('has types for ES modules and for CommonJS, and so has the SDK', async () => {
    const program = [
      "import { WeChatError, WxThirdparty } from '@wxthirdparty/sdk';",
      "import { ThirdpartyServer } from 'wxthirdparty';",
      "const client: WxThirdparty = new WxThirdparty({ url: 'http://127.0.0.1:3000', apiKey: 'key' });",
      "const answer: Promise<{ readonly total: number }> = client.authorizer('wx').call('GET /cgi-bin/user/get');",
      '// @ts-expect-error An option that does not exist shows that the types are not `any`.',
      "new WxThirdparty({ url: '', apiKey: '', token: '' });",
      "const server = new ThirdpartyServer('wx', 'secret', 'token', 'key', { gateway: 'http://127.0.0.1:3000', apiKey: 'key' });",
      '// @ts-expect-error As above.',
      'server.get_user_info(1);',
      'export { answer, WeChatError };',
    ].join('\n');
    for (const name of ['typed.mts', 'typed.cts']) await writeFile(join(installed.folder, name), program);
    const options = { strict: true, noEmit: true, module: 'nodenext', target: 'es2022', types: ['node'] };
    const typeRoots = [join(rootFolder, 'node_modules/@types')];
    await writeFile(
      join(installed.folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: { ...options, typeRoots }, include: ['typed.*'] }),
    );
    const tsc = join(rootFolder, 'node_modules/typescript/bin/tsc');
    const { stdout } = await run(process.execPath, [tsc, '-p', installed.folder]).catch(
      (error: { stdout: string }) => error,
    );
    expect(stdout).toBe('');
  });

  it('runs the whole system in the folder of its user, for programs of both kinds of modules, and again', async () => {
    using first = command(npx, 'start');
    const printed = await first.started();
    expect(printed).toContain(join(installed.folder, '.data/logs'));
    const line = printed.trimEnd().split('\n').at(-1)!;
    const { stdout } = await run('sh', ['-c', line]);
    expect(JSON.parse(stdout)).toMatchObject({ response: { body: { total: 25, count: 25 } } });

    const url = /http:\S+(?=\/v1)/.exec(line)![0];
    const page = async (path: string) => (await fetch(url + path)).status;
    expect(await Promise.all(['/', '/openapi.json', '/docs/', '/docs/swagger-ui.css'].map(page))).toEqual([
      200, 200, 200, 200,
    ]);
    const apiKey = /Bearer (\w+)/.exec(line)![1]!;
    await runPrograms(url, apiKey);

    const ports = portsOf(printed);
    // npx itself does not wait for the system.
    expect(await first.stop()).toMatchObject({ stderr: '' });
    expect(await Promise.all(ports.map(listens))).toEqual([false, false, false]);

    using third = command(direct(), 'start');
    expect(await third.started()).toContain(apiKey);
    expect(await third.stop()).toMatchObject({ code: 0, stderr: '' });
  });

  it('prints the commands as its user types them, and reads .env in the current folder', async () => {
    await writeFile(join(installed.folder, '.env'), 'DATA_DIR=other\n');
    const { stdout } = await command(npx, 'help', 'migrate').ended;
    expect(stdout).toContain('Usage: npx wxthirdparty migrate');
    expect(await command(direct(), 'migrate').ended).toMatchObject({ code: 0 });
    expect(existsSync(join(installed.folder, 'other/wxthirdparty.sqlite'))).toBe(true);
  });
});

/** A program that uses the SDK, as an ES module and as CommonJS, in this Node and in an older one if there is one. */
async function runPrograms(url: string, apiKey: string): Promise<void> {
  const body = [
    `const client = new WxThirdparty({ url: '${url}', apiKey: '${apiKey}' });`,
    'async function main() {',
    '  for await (const { appid, kind } of client.authorizers()) {',
    "    if (kind !== 'official-account') continue;",
    "    const { total } = await client.authorizer(appid).call('GET /cgi-bin/user/get');",
    '    console.log(total, typeof ThirdpartyServer);',
    '  }',
    '}',
    'main();',
  ].join('\n');
  const programs = {
    'program.mjs': `import { WxThirdparty } from '@wxthirdparty/sdk';\nimport { ThirdpartyServer } from 'wxthirdparty';\n${body}`,
    'program.cjs': `const { WxThirdparty } = require('@wxthirdparty/sdk');\nconst { ThirdpartyServer } = require('wxthirdparty');\n${body}`,
  };
  for (const [name, text] of Object.entries(programs)) {
    await writeFile(join(installed.folder, name), text);
    for (const node of [process.execPath, ...(await olderNode())]) {
      const { stdout } = await run(node, [name], { cwd: installed.folder, env: installed.env });
      expect([name, stdout]).toEqual([name, '25 function\n']);
    }
  }
}
