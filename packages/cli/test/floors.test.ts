import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../src/root.ts';
import { type Manifest, type Project, specifiersIn, violations } from './floors.ts';

describe('the floors', () => {
  it('no import of this project runs up, in a circle, or by the index of its own package', () => {
    const project = theProject();
    expect(project.files.size).toBeGreaterThan(20);
    expect(violations(project)).toEqual([]);
  });

  it('reports a package that imports one above it', () => {
    const file = 'packages/wechat/src/http/answer.ts';
    expect(violationsOf({ [file]: "import { Scope } from '@wxthirdparty/platform';" })).toEqual([
      `${file} → @wxthirdparty/platform: wechat is not above platform`,
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
      'packages/platform/package.json → @wxthirdparty/gateway: platform is not above it',
    ]);
  });

  it('lets tests use the simulator, and no other code but cli', () => {
    const text = "import { startSimulator } from '@wxthirdparty/simulator';";
    const gateway = { dependencies: {}, devDependencies: { '@wxthirdparty/simulator': 'workspace:*' } };
    expect(violationsOf({ 'packages/gateway/test/a.test.ts': text }, { gateway })).toEqual([]);
    expect(violationsOf({ 'packages/gateway/src/a.ts': text }, { gateway })).toHaveLength(1);
  });

  it('reports an import inside platform or gateway that runs up', () => {
    const file = 'packages/platform/src/token/tokens.ts';
    expect(violationsOf({ [file]: "import type { Ticket } from '../component/ticket.ts';" })).toEqual([
      `${file} → ../component/ticket.ts: token is below component`,
    ]);
    const http = 'packages/gateway/src/http/read-body.ts';
    expect(violationsOf({ [http]: "import { problem } from '../contract/problem.ts';" })).toEqual([
      `${http} → ../contract/problem.ts: http is below contract`,
    ]);
    expect(violationsOf({ [file]: "import { start } from '../maintenance/maintenance.ts';" })).toEqual([
      `${file} → ../maintenance/maintenance.ts: token is below maintenance`,
    ]);
  });

  it('permits the import of a file beside the folders that imports nothing, and of no other', () => {
    const [redis, scope] = ['packages/platform/src/redis/connect.ts', 'packages/platform/src/scope.ts'];
    const uses = "import { Scope } from '../scope.ts';";
    expect(violationsOf({ [redis]: uses, [scope]: '' })).toEqual([]);
    expect(violationsOf({ [redis]: uses, [scope]: "import { a } from './call/submit.ts';" })).toHaveLength(2);
  });

  it('judges tests by the order of packages only', () => {
    const file = 'packages/platform/src/token/tokens.test.ts';
    expect(violationsOf({ [file]: "import { a } from '../push/accept.ts';" })).toEqual([]);
    expect(violationsOf({ [file]: "import { a } from '@wxthirdparty/gateway';" })).toHaveLength(1);
  });

  it('refuses the index of the own package', () => {
    const file = 'packages/wechat/src/push/push.ts';
    expect(violationsOf({ [file]: "import { a } from '../index.ts';" })[0]).toMatch(/not the index of its own package/);
    expect(violationsOf({ [file]: "import { a } from '@wxthirdparty/wechat';" })).toHaveLength(1);
    expect(violationsOf({ 'packages/wechat/test/a.test.ts': "import { a } from '../src/index.ts';" })).toEqual([]);
  });

  it('reports a folder that is on no floor', () => {
    const file = 'packages/platform/src/misc/things.ts';
    expect(violationsOf({ [file]: "import { Scope } from '../redis/connect.ts';" })).toEqual([
      `${file} → ../redis/connect.ts: misc is on no floor of platform`,
    ]);
  });

  it('reports folders of any package that import each other, though no file is in a circle', () => {
    const files = {
      'packages/worker/src/a/one.ts': "import { two } from '../b/two.ts';",
      'packages/worker/src/b/three.ts': "import { four } from '../c.ts';",
      'packages/worker/src/c.ts': "import { five } from './a/five.ts';",
    };
    expect(violationsOf(files)).toEqual(['packages/worker/src: a → b → c.ts → a import each other in a circle']);
  });

  it('reports a circle of files', () => {
    const [a, b] = ['packages/wechat/src/http/a.ts', 'packages/wechat/src/http/b.ts'];
    expect(violationsOf({ [a]: "import { b } from './b.ts';", [b]: "import type { a } from './a.ts';" })).toEqual([
      `${a} → ${b} → ${a}: these import each other in a circle`,
    ]);
  });
});

const everyDependency = Object.fromEntries(
  ['gateway', 'worker', 'platform', 'wechat', 'simulator', 'cli'].map((name) => [`@wxthirdparty/${name}`, '*']),
);

/** A package without a manifest may depend on all others, so that only its imports are judged. */
function violationsOf(files: Record<string, string>, manifests?: Record<string, Manifest>): string[] {
  const all = ['wechat', 'simulator', 'platform', 'worker', 'gateway'].map((name): [string, Manifest] => [
    name,
    { dependencies: everyDependency },
  ]);
  const project = { files: new Map(Object.entries(files)), manifests: new Map(Object.entries(manifests ?? {})) };
  if (manifests) return violations(project);
  return violations({ ...project, manifests: new Map(all) }).filter((one) => !one.includes('package.json →'));
}

function theProject(): Project {
  const folders = ['src/**/*.{ts,tsx}', 'test/**/*.ts', 'build/**/*.ts', 'bootstrap/**/*.mjs', 'bin/**/*.mjs'];
  const paths = globSync(
    folders.map((folder) => `packages/*/${folder}`),
    { cwd: root, exclude: ['**/node_modules/**'] },
  );
  const files = new Map(paths.map((path) => [path, readFileSync(join(root, path), 'utf8')]));
  const manifests = readdirSync(join(root, 'packages'))
    .filter((name) => existsSync(join(root, 'packages', name, 'package.json')))
    .map((name): [string, Manifest] => [
      name,
      JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')),
    ]);
  return { files, manifests: new Map(manifests) };
}
