import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { checkCodes, checkNames, checkStepNames } from '@wxthirdparty/platform';
import { describe, expect, it } from 'vitest';
import { commands } from '../src/commands.ts';
import { root } from '../src/root.ts';

const pages = globSync(['*.md', 'docs/**/*.md', 'packages/*/*.md', 'examples/*.md', '.github/**/*.md'], {
  cwd: root,
  exclude: (name) => name.includes('node_modules'),
});
/** The history for users of former versions: its entries name files of that time. */
const HISTORY = 'CHANGELOG.md';

const CHECKS = 'packages/platform/src/doctor/checks';

const read = (path: string) => readFileSync(join(root, path), 'utf8');
const withoutCode = (text: string) => text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '');

/** The anchors that GitHub derives from headings. */
function anchorsOf(page: string): string[] {
  const headings = [...read(page).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading]) => heading!);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-'),
  );
}

describe('the documentation', () => {
  it('has pages', () => {
    expect(pages).toEqual(expect.arrayContaining(['README.md', 'ARCHITECTURE.md', 'docs/calls.md']));
    expect(anchorsOf('docs/calls.md')).toContain('background-calls');
  });

  it.each(pages)('%s links to pages and headings that exist', (page) => {
    const links = [...withoutCode(read(page)).matchAll(/\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"]+)"/g)];
    const targets = links
      .map(([, link, attribute]) => (link ?? attribute)!)
      .filter((link) => !/^[a-z]+:|^\.\.\/\.\.\/actions\//.test(link));
    // Pages of other sites, and GitHub's own of this repository, are not checked.
    const broken = targets.filter((link) => {
      const [path, anchor] = link.split('#') as [string, string?];
      const target = path === '' ? page : relative(root, join(root, dirname(page), path));
      if (!existsSync(join(root, target))) return true;
      return anchor !== undefined && !anchorsOf(target).includes(decodeURIComponent(anchor));
    });
    expect(broken).toEqual([]);
  });

  it('says the same in both READMEs, on one page: they have the same links, commands and numbers of headings', () => {
    const [english, chinese] = ['README.md', 'README.zh-CN.md'].map((page) => {
      const text = read(page);
      // Pages and pictures that exist in both languages are in the reader's own.
      const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) =>
        link!.replace(/^(docs\/.*)\.zh-CN\.(md|png)/, '$1.$2'),
      );
      return {
        links: links.filter((link) => !link.startsWith('README')),
        commands: [...text.matchAll(/\b(?:npm|docker compose) [a-z][^`\n;，。]*/g)].map(([command]) => command.trim()),
        headings: text.match(/^## /gm)?.length,
      };
    });
    expect(chinese!.links.toSorted()).toEqual(english!.links.toSorted());
    expect(new Set(chinese!.commands)).toEqual(new Set(english!.commands));
    expect(chinese!.headings).toBe(english!.headings);
    expect(read('README.md').split('\n').length).toBeLessThanOrEqual(111);
  });

  it.each(pages.filter((page) => /^docs\/.*\.zh-CN\.md$/.test(page)))(
    '%s says the same as the English page: it has the same routes, names, numbers of headings, rows and examples',
    (page) => {
      const [chinese, english] = [page, page.replace('.zh-CN', '')].map((one) => {
        const text = read(one);
        return {
          headings: text.match(/^#{1,3} /gm)?.length,
          rows: text.match(/^\|/gm)?.length,
          names: new Set(text.match(/\/v1\/[\w/:-]+|\b[a-z]+_[a-z_]+\b|\b[A-Z]+_[A-Z_]+\b/g)),
          blocks: [...text.matchAll(/^```(\w*)/gm)].map(([, language]) => language),
        };
      });
      expect(chinese).toEqual(english);
    },
  );

  it.each(['docs/js-sdk.md', 'docs/js-sdk.zh-CN.md'])('%s shows the example as it is', (page) => {
    const text = read(page);
    expect(text).toContain(`\`\`\`html\n${read('examples/js-sdk.html')}\`\`\``);
    expect(text).toContain(`\`\`\`js\n${read('examples/js-sdk.mjs')}\`\`\``);
  });

  it('explains every step and code of a release check', () => {
    const text = read('docs/release-check.md');
    expect([...checkStepNames, ...checkCodes].filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
  });

  it('has a line for every check of the doctor, with all its faults', () => {
    const rows = read('docs/monitoring.md').split('| check | faults')[1]!.split('\n\n')[0]!;
    const lines = new Map([...rows.matchAll(/^\| `([\w-]+)` \| .*$/gm)].map(([line, name]) => [name!, line]));
    expect([...lines.keys()]).toEqual([...checkNames]);
    const missing = checkNames.flatMap((name) => {
      const file = name === 'settings' ? 'packages/cli/src/doctor/check-settings.ts' : `${CHECKS}/${name}.ts`;
      const given = [...read(file).matchAll(/\bcode: .*|\bdiffers\(\s*'.*/g)].map(([text]) => text).join('\n');
      const codes = [...given.matchAll(/'([a-z_]+)'/g)].map(([, code]) => code!);
      expect(codes).not.toEqual([]);
      return codes.filter((code) => !lines.get(name)?.includes(`\`${code}\``)).map((code) => `${name}: ${code}`);
    });
    expect(missing).toEqual([]);
  });

  it('has a line for every folder of platform in ARCHITECTURE.md', () => {
    const table = read('ARCHITECTURE.md').split('| folder of `packages/platform/src` |')[1]!.split('\n\n')[0]!;
    const named = [...table.matchAll(/^\| `([\w-]+)` \|/gm)].map(([, folder]) => folder);
    const folders = readdirSync(join(root, 'packages/platform/src'), { withFileTypes: true });
    expect(named.toSorted()).toEqual(
      folders
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => name)
        .toSorted(),
    );
  });

  it('has a line for every bench in docs/performance.md', () => {
    const named = [...read('docs/performance.md').matchAll(/^\| `([\w-]+)` \|/gm)].map(([, bench]) => bench);
    const files = globSync('e2e/bench/*.bench.ts', { cwd: root });
    expect(named.toSorted()).toEqual(files.map((file) => basename(file, '.bench.ts')).toSorted());
  });

  it('has a line for every package in CONTRIBUTING.md', () => {
    const packages = globSync('packages/*/package.json', { cwd: root }).map((path) => `\`${dirname(path)}/\``);
    expect(packages.filter((path) => !read('CONTRIBUTING.md').includes(`| ${path} |`))).toEqual([]);
  });

  it('has a line for every command in docs/command-line.md', () => {
    const named = [...read('docs/command-line.md').matchAll(/^\| `([\w-]+)` \|/gm)].map(([, command]) => command);
    expect(named).toEqual(Object.keys(commands));
  });

  it('names only source files and folders that exist', () => {
    const files = globSync(['packages/**/*.{ts,mjs}', 'e2e/**/*.ts'], {
      cwd: root,
      exclude: (name) => name.includes('node_modules'),
    }).map((file) => `/${file}`);
    // Without `src/`, too: `token/refresh.ts` is understood.
    const known = new Set(files.flatMap((file) => [file, file.replace('/src/', '/')]));
    const isKnown = (name: string) =>
      name.endsWith('/')
        ? [...known].some((file) => file.includes(`/${name}`))
        : [...known].some((file) => file.endsWith(`/${name}`));
    const named = pages
      .filter((page) => page !== HISTORY && !page.startsWith('packages/sdk/'))
      .flatMap((page) =>
        [
          ...read(page).matchAll(
            /`((?:[\w.-]+\/)*[\w.-]+\.(?:ts|mjs)|(?:packages|platform|gateway|worker|cli|e2e)\/[\w./-]*\/)`/g,
          ),
        ].map(([, name]) => ({ page, name: name! })),
      );
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter(({ name }) => !isKnown(name))).toEqual([]);
  });
});
