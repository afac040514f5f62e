import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findPromtool, howToGetPromtool } from '../bootstrap/promtool.mjs';
import { root } from '../src/root.ts';
import { promFolder } from './prometheus-files.ts';

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
