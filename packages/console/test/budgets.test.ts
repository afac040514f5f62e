import { readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';

interface Chunk {
  readonly file: string;
  readonly imports?: readonly string[];
  readonly css?: readonly string[];
  readonly isDynamicEntry?: boolean;
}

/** `npm test` builds it. */
const dist = fileURLToPath(new URL('../dist', import.meta.url));
const manifest = JSON.parse(readFileSync(`${dist}/.vite/manifest.json`, 'utf8')) as Record<string, Chunk>;

const KB = 1_000;
const PAGE = 'index.html';
const OVERVIEW = ['src/screens/overview/overview.tsx', 'src/ui/plot.tsx'];

/** The files that these chunks need, each once. */
function filesOf(names: readonly string[]): Set<string> {
  const files = new Set<string>();
  const visit = (name: string) => {
    const { file, css = [], imports = [] } = manifest[name]!;
    if (files.has(file)) return;
    for (const one of [file, ...css]) files.add(one);
    for (const one of imports) visit(one);
  };
  for (const name of names) visit(name);
  return files;
}

function gzipped(files: Iterable<string>): number {
  return [...files].reduce((sum, file) => sum + gzipSync(readFileSync(`${dist}/${file}`)).length, 0);
}

describe('the built console', () => {
  it('needs at most 220 kB, compressed, to show the overview', () => {
    expect(gzipped([PAGE, ...filesOf([PAGE, ...OVERVIEW])])).toBeLessThanOrEqual(220 * KB);
  });

  it('has screens of at most 40 kB each beside what all need', () => {
    const shared = filesOf([PAGE]);
    const screens = Object.keys(manifest).filter((name) => manifest[name]!.isDynamicEntry);
    expect(screens).toEqual(expect.arrayContaining(OVERVIEW));
    const sizes = screens.map((name) => [name, gzipped(filesOf([name]).difference(shared))] as const);
    expect(sizes.filter(([, bytes]) => bytes > 40 * KB)).toEqual([]);
  });

  it('has at most 400 kB, compressed, in all', () => {
    expect(gzipped(filesOf(Object.keys(manifest)))).toBeLessThanOrEqual(400 * KB);
  });

  it('has a compressed form beside each script, of the same content', () => {
    for (const file of [...filesOf(Object.keys(manifest))].filter((one) => statSync(`${dist}/${one}`).size > KB)) {
      const [plain, br, gz] = ['', '.br', '.gz'].map((suffix) => readFileSync(`${dist}/${file}${suffix}`));
      expect(brotliDecompressSync(br!).equals(plain!), `${file}.br`).toBe(true);
      expect(gunzipSync(gz!).equals(plain!), `${file}.gz`).toBe(true);
    }
  });
});
