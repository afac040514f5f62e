import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/**
 * The last commit whose processes must run beside those of this version, in both directions. `npm run test:versions` names
 * another one.
 */
export const PREVIOUS_COMMIT = process.env.PREVIOUS_COMMIT ?? 'a359b42f3b5b1241cbae777ab0ef35ea9f43d88c';

const PNPM = 'pnpm@12.21.0';
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const WORKSPACE = 'workspace:';
const run = promisify(execFile);

/** The program of the previous version, in a folder of its own. */
export interface PreviousVersion {
  /** The entry file of its command line. */
  readonly main: string;
  remove(): Promise<void>;
}

/** The reason why the previous version is not available on this machine; undefined if it is. */
export async function whyNoPreviousVersion(): Promise<string | undefined> {
  try {
    await run('git', ['cat-file', '-e', `${PREVIOUS_COMMIT}^{commit}`], { cwd: ROOT });
    return undefined;
  } catch {
    return `this checkout has no git history that reaches commit ${PREVIOUS_COMMIT.slice(0, 7)} (a tarball, or a shallow clone: "git fetch --unshallow" brings it)`;
  }
}

/** With its packages: those that are installed here where the versions agree, else from pnpm's store or the npm registry. */
export async function checkOutPreviousVersion(): Promise<PreviousVersion> {
  const dir = await mkdtemp(join(tmpdir(), 'wxthirdparty-previous-'));
  const remove = () => rm(dir, { recursive: true, force: true });
  try {
    const archive = join(dir, 'archive.tar');
    await run('git', ['archive', '--format=tar', `--output=${archive}`, PREVIOUS_COMMIT], { cwd: ROOT });
    await run('tar', ['-xf', archive], { cwd: dir });
    if (!(await linkPackages(dir))) await installPackages(dir);
    return { main: join(dir, 'packages/cli/src/main.ts'), remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** False if a package is not installed here in the exact version that the previous commit names. */
async function linkPackages(dir: string): Promise<boolean> {
  const folders = await readdir(join(dir, 'packages'));
  const manifests = await Promise.all(folders.map((folder) => manifestOf(join(dir, 'packages', folder))));
  const folderOf = new Map(manifests.map((manifest, i) => [manifest?.name, join(dir, 'packages', folders[i]!)]));
  for (const [i, folder] of folders.entries()) {
    for (const [name, version] of Object.entries(manifests[i]?.dependencies ?? {})) {
      const there = version.startsWith(WORKSPACE)
        ? folderOf.get(name)
        : await realpath(join(ROOT, 'packages', folder, 'node_modules', name)).catch(() => undefined);
      if (there === undefined) return false;
      if (!version.startsWith(WORKSPACE) && (await manifestOf(there))?.version !== version) return false;
      const link = join(dir, 'packages', folder, 'node_modules', name);
      await mkdir(dirname(link), { recursive: true });
      await symlink(there, link);
    }
  }
  return true;
}

async function manifestOf(folder: string): Promise<Manifest | undefined> {
  const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Manifest);
}

async function installPackages(dir: string): Promise<void> {
  for (const folder of await readdir(join(dir, 'packages'))) {
    await rm(join(dir, 'packages', folder, 'node_modules'), { recursive: true, force: true });
  }
  const options = ['--frozen-lockfile', '--prefer-offline', '--prod', '--no-optional', '--ignore-scripts'];
  await run('npx', ['-y', PNPM, 'install', ...options], { cwd: dir, env: { ...process.env, CI: 'true' } });
}
