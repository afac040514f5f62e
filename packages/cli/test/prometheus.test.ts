import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findPromtool, howToGetPromtool } from '../bootstrap/promtool.mjs';
import { root } from '../src/root.ts';
import { expressions, promFolder } from './prometheus-files.ts';

const rules = readFileSync(join(promFolder, 'rules.yml'), 'utf8');
const tests = readFileSync(join(promFolder, 'rules_test.yml'), 'utf8');
const alerts = rules.split(/^ {6}- alert: /m).slice(1);

it('each rule says what it is about, what to do, and where to read more', () => {
  expect(alerts.length).toBeGreaterThan(20);
  for (const alert of alerts) {
    expect(alert).toMatch(/labels: \{ severity: (?:page|warn) \}/);
    for (const name of ['summary', 'remedy', 'link']) expect(alert).toMatch(new RegExp(`^ {10}${name}: .{10,}`, 'm'));
    const [, page, anchor] = /link: (\S+\.md)#(\S+)/.exec(alert)!;
    expect(existsSync(join(root, page!))).toBe(true);
    const headings = [...readFileSync(join(root, page!), 'utf8').matchAll(/^#{1,6} (.+)$/gm)];
    const anchors = headings.map(([, heading]) =>
      heading!
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replace(/\s/g, '-'),
    );
    expect(anchors, `${page}#${anchor}`).toContain(anchor);
  }
});

it('each rule is shown to fire by a test', () => {
  for (const alert of alerts) expect(tests).toContain(`${alert.split('\n')[0]} fires`);
});

it('the boards are valid, and their panels do not overlap', () => {
  for (const file of globSync('deploy/grafana/*.json', { cwd: root })) {
    const board = JSON.parse(readFileSync(join(root, file), 'utf8')) as Board;
    expect(new Set(board.panels.map(({ id }) => id)).size).toBe(board.panels.length);
    const cells = board.panels.flatMap(({ gridPos: { x, y, w, h } }) => {
      expect(x + w).toBeLessThanOrEqual(24);
      return Array.from({ length: w * h }, (_, i) => `${x + (i % w)} ${y + Math.floor(i / w)}`);
    });
    expect(new Set(cells).size, file).toBe(cells.length);
  }
});

interface Board {
  readonly panels: readonly {
    readonly id: number;
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  }[];
}

const promtool = findPromtool();
const isRequired = process.env.REQUIRE_PROMTOOL === '1';
if (promtool === undefined && !isRequired) console.warn(`The rules are not tested. ${howToGetPromtool()}`);

it.skipIf(promtool === undefined && !isRequired).each([
  ['check', 'rules', 'rules.yml'],
  ['test', 'rules', 'rules_test.yml'],
])('promtool %s %s %s succeeds', (...args) => {
  const { status, stdout, stderr } = spawnSync(promtool!, args, { cwd: promFolder, encoding: 'utf8' });
  expect(`${stdout}${stderr}`).toContain('SUCCESS');
  expect(status).toBe(0);
});

it.skipIf(promtool === undefined && !isRequired)('promtool accepts the expressions of the boards', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wx-boards-'));
  try {
    const found = expressions().filter(
      ({ file, text }) => file.endsWith('.json') && !/^(?:label_values|prometheus)/.test(text),
    );
    expect(found.length).toBeGreaterThan(60);
    const records = found.map(({ text }, i) => {
      const expr = text.replaceAll('$__rate_interval', '5m').replace(/\$\w+/g, '.*');
      return `      - { record: 'board:${i}', expr: ${JSON.stringify(expr)} }`;
    });
    const file = join(folder, 'boards.yml');
    writeFileSync(file, ['groups:', '  - name: boards', '    rules:', ...records].join('\n'));
    const { status, stdout, stderr } = spawnSync(promtool!, ['check', 'rules', file], { encoding: 'utf8' });
    expect(`${stdout}${stderr}`).toContain(`${found.length} rules found`);
    expect(status).toBe(0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
