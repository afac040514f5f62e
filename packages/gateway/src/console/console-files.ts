import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';

/** How a file can be sent: `br` and `gzip` as the build compressed them. */
export type Encoding = 'br' | 'gzip' | 'identity';

export interface ConsoleFile {
  readonly contentType: string;
  /** `identity` always; the others if the build has written them. */
  readonly bodies: ReadonlyMap<Encoding, Buffer>;
}

export interface ConsoleFiles {
  readonly index: ConsoleFile;
  /** By their name below `/admin/assets/`, which contains a hash of the content. */
  readonly assets: ReadonlyMap<string, ConsoleFile>;
}

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.json': 'application/json; charset=utf-8',
  '.woff2': 'font/woff2',
};

const suffixes: readonly (readonly [Encoding, string])[] = [
  ['br', '.br'],
  ['gzip', '.gz'],
];

/** Reads the built console into memory: `index.html` and `assets/`. Undefined if it has not been built. */
export async function readConsoleFiles(folder: string): Promise<ConsoleFiles | undefined> {
  try {
    const names = (await readdir(join(folder, 'assets'))).filter((name) => extname(name) in contentTypes);
    const assets = await Promise.all(
      names.map(async (name) => [name, await readConsoleFile(join(folder, 'assets', name))] as const),
    );
    return { index: await readConsoleFile(join(folder, 'index.html')), assets: new Map(assets) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function readConsoleFile(path: string): Promise<ConsoleFile> {
  const bodies = new Map<Encoding, Buffer>([['identity', await readFile(path)]]);
  for (const [encoding, suffix] of suffixes) {
    const body = await readFile(path + suffix).catch(() => undefined);
    if (body !== undefined) bodies.set(encoding, body);
  }
  return { contentType: contentTypes[extname(path)] ?? 'application/octet-stream', bodies };
}
