import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { packAll } from '../build/pack.ts';

export const run = promisify(execFile);

export interface Installed {
  /** The folder in which a user has installed both packages. */
  readonly folder: string;
  /** The user's environment: npm's own settings are empty, and `node` is the Node of the tests. */
  readonly env: NodeJS.ProcessEnv;
  remove(): Promise<void>;
}

/** Packs both packages and installs the tarballs with npm into an empty folder. */
export async function install(): Promise<Installed> {
  const outer = await realpath(await mkdtemp(join(tmpdir(), 'wxthirdparty-installed-')));
  const remove = () => rm(outer, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  try {
    const [folder, prefix, tarballs] = ['app', 'prefix', 'tarballs'].map((name) => join(outer, name)) as [
      string,
      string,
      string,
    ];
    for (const path of [folder, prefix]) await mkdir(path);
    await writeFile(join(folder, 'package.json'), '{ "private": true }\n');
    const env = environment(prefix);
    const packed = await packAll(tarballs);
    // Neither scripts nor checks of the registry: nothing that the packages need.
    const options = ['--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts'];
    await run('npm', ['install', ...options, ...packed.map(({ path }) => path)], { cwd: folder, env });
    return { folder, env, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

function environment(prefix: string): NodeJS.ProcessEnv {
  // npm puts the settings of the run of the tests into the environment.
  const inherited = Object.entries(process.env).filter(([name]) =>
    /^(PATH|HOME|https?_proxy|no_proxy|NODE_COMPILE_CACHE|NODE_EXTRA_CA_CERTS|npm_config_(?:registry|cache|cafile))$/i.test(
      name,
    ),
  );
  return {
    ...Object.fromEntries(inherited),
    PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}`,
    npm_config_prefix: prefix,
  };
}

/** The Node with which npm was started, if it is older than the one of the tests. */
export async function olderNode(): Promise<string[]> {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== dirname(process.execPath));
  for (const path of folders.map((folder) => join(folder, 'node')).filter((file) => existsSync(file))) {
    const { stdout } = await run(path, ['-p', 'process.versions.node']);
    if (Number(stdout.split('.')[0]) < Number(process.versions.node.split('.')[0])) return [path];
  }
  return [];
}
