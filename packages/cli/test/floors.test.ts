import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../src/root.ts';
import { type House, type Manifest, specifiersIn, violations } from './floors.ts';

describe('the floors', () => {
  it('no import of this house runs up, round, or through its own front door', () => {
    const house = theHouse();
    expect(house.files.size).toBeGreaterThan(20);
    expect(violations(house)).toEqual([]);
  });

  it('names a package that imports what stands above it', () => {
    const file = 'packages/wechat/src/http/answer.ts';
    expect(violationsOf({ [file]: "import { Scope } from '@wxthirdparty/platform';" })).toEqual([
      `${file} → @wxthirdparty/platform: wechat does not stand above platform`,
    ]);
  });

  it('counts types, exports, dynamic imports and imports over several lines', () => {
    const file = 'packages/simulator/src/world.ts';
    const text = [
      "import type { A } from '@wxthirdparty/wechat';",
      "import {\n  b,\n  c,\n} from '@wxthirdparty/platform';",
      "export * from '@wxthirdparty/worker';",
      "const d = await import('@wxthirdparty/gateway');",
      "// import { no } from '@wxthirdparty/cli';",
    ].join('\n');
    expect(violationsOf({ [file]: text })).toHaveLength(4);
    expect(specifiersIn("import 'node:fs';\nimport x from 'x';export { y } from './y.ts';")).toEqual([
      'node:fs',
      'x',
      './y.ts',
    ]);
  });

  it('refuses a path into another package, and a package that package.json does not name', () => {
    const file = 'packages/worker/src/index.ts';
    expect(violationsOf({ [file]: "import { a } from '../../platform/src/scope.ts';" })[0]).toMatch(/not by its path/);
    expect(violationsOf({ [file]: "import { a } from '@wxthirdparty/platform';" }, { worker: {} })).toEqual([
      `${file} → @wxthirdparty/platform: packages/worker/package.json does not name @wxthirdparty/platform`,
    ]);
  });

  it('refuses a dependency that runs up although nothing imports it', () => {
    const platform = { dependencies: { '@wxthirdparty/gateway': 'workspace:*' } };
    expect(violationsOf({}, { platform })).toEqual([
      'packages/platform/package.json → @wxthirdparty/gateway: platform does not stand above it',
    ]);
  });

  it('lets tests practise on the simulator, and nobody else but cli', () => {
    const text = "import { startSimulator } from '@wxthirdparty/simulator';";
    const gateway = { dependencies: {}, devDependencies: { '@wxthirdparty/simulator': 'workspace:*' } };
    expect(violationsOf({ 'packages/gateway/test/a.test.ts': text }, { gateway })).toEqual([]);
    expect(violationsOf({ 'packages/gateway/src/a.ts': text }, { gateway })).toHaveLength(1);
  });

  it('names an import inside platform that runs up', () => {
    const file = 'packages/platform/src/token/tokens.ts';
    expect(violationsOf({ [file]: "import type { Ticket } from '../component/ticket.ts';" })).toEqual([
      `${file} → ../component/ticket.ts: token stands below component`,
    ]);
    expect(violationsOf({ [file]: "import { watch } from '../watch.ts';" })).toEqual([
      `${file} → ../watch.ts: token stands below watch.ts`,
    ]);
  });

  it('lets everybody stand on a lone file that imports nothing, and on no other', () => {
    const [redis, scope] = ['packages/platform/src/redis/connect.ts', 'packages/platform/src/scope.ts'];
    const uses = "import { Scope } from '../scope.ts';";
    expect(violationsOf({ [redis]: uses, [scope]: '' })).toEqual([]);
    expect(violationsOf({ [redis]: uses, [scope]: "import { a } from './call/submit.ts';" })).toHaveLength(2);
  });

  it('leaves the order inside platform to the tests themselves, but not the order of packages', () => {
    const file = 'packages/platform/src/token/tokens.test.ts';
    expect(violationsOf({ [file]: "import { a } from '../push/accept.ts';" })).toEqual([]);
    expect(violationsOf({ [file]: "import { a } from '@wxthirdparty/gateway';" })).toHaveLength(1);
  });

  it('refuses the front door of the own package', () => {
    const file = 'packages/wechat/src/push/push.ts';
    expect(violationsOf({ [file]: "import { a } from '../index.ts';" })[0]).toMatch(/not the index of its own package/);
    expect(violationsOf({ [file]: "import { a } from '@wxthirdparty/wechat';" })).toHaveLength(1);
    expect(violationsOf({ 'packages/wechat/test/a.test.ts': "import { a } from '../src/index.ts';" })).toEqual([]);
  });

  it('names a circle', () => {
    const [a, b] = ['packages/wechat/src/a.ts', 'packages/wechat/src/b.ts'];
    expect(violationsOf({ [a]: "import { b } from './b.ts';", [b]: "import type { a } from './a.ts';" })).toEqual([
      `${a} → ${b} → ${a}: these import each other in a circle`,
    ]);
  });
});

const everyDependency = Object.fromEntries(
  ['gateway', 'worker', 'platform', 'wechat', 'simulator', 'cli'].map((name) => [`@wxthirdparty/${name}`, '*']),
);

/** Without a manifest of its own a package may have everything, so that the imports alone are judged. */
function violationsOf(files: Record<string, string>, manifests?: Record<string, Manifest>): string[] {
  const all = ['wechat', 'simulator', 'platform', 'worker', 'gateway'].map((name): [string, Manifest] => [
    name,
    { dependencies: everyDependency },
  ]);
  const house = { files: new Map(Object.entries(files)), manifests: new Map(Object.entries(manifests ?? {})) };
  if (manifests) return violations(house);
  return violations({ ...house, manifests: new Map(all) }).filter((one) => !one.includes('package.json →'));
}

function theHouse(): House {
  const paths = globSync(['packages/*/src/**/*.ts', 'packages/*/test/**/*.ts', 'packages/*/bootstrap/**/*.mjs'], {
    cwd: root,
    exclude: ['**/node_modules/**'],
  });
  const files = new Map(paths.map((path) => [path, readFileSync(join(root, path), 'utf8')]));
  const manifests = readdirSync(join(root, 'packages'))
    .filter((name) => existsSync(join(root, 'packages', name, 'package.json')))
    .map((name): [string, Manifest] => [
      name,
      JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')),
    ]);
  return { files, manifests: new Map(manifests) };
}
