import { readFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../../..');
const CITATION = /protocol §(\d+(?:\.\d+)?)/g;

describe('comments cite WeChat’s protocol by section', () => {
  const page = readFileSync(join(ROOT, 'docs/wechat-protocol.md'), 'utf8');
  const sections = new Set([...page.matchAll(/^#{2,3} (\d+(?:\.\d+)?)[. ]/gm)].map((heading) => heading[1]));

  it('finds the sections of the page', () => {
    expect(sections).toContain('1.3');
    expect(sections).toContain('12');
  });

  it('cites only sections that docs/wechat-protocol.md has', async () => {
    const unknown: string[] = [];
    let citations = 0;
    const files = glob(['packages/*/{src,test,bootstrap}/**/*.{ts,mjs}', 'e2e/**/*.ts', 'docs/**/*.md', '*.md'], {
      cwd: ROOT,
      exclude: (name) => name.includes('node_modules'),
    });
    for await (const file of files) {
      for (const [cited, section] of readFileSync(join(ROOT, file), 'utf8').matchAll(CITATION)) {
        citations++;
        if (!sections.has(section)) unknown.push(`${file}: ${cited}`);
      }
    }
    expect(unknown).toEqual([]);
    expect(citations).toBeGreaterThan(100);
  });
});
