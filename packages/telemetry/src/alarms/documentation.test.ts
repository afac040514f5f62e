import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { rules } from './rules.ts';

const MINUTE_MS = 60_000;

it('docs/monitoring.md has every alarm with its severity and delay', () => {
  const page = readFileSync(new URL('../../../../docs/monitoring.md', import.meta.url), 'utf8');
  const section = /^## Alarms$(.*?)^## /ms.exec(page)?.[1] ?? '';
  const documented = [...section.matchAll(/^\| `([a-z_]+)` \| (page|warn) \| (\S* ?\S*) \|/gm)].map(
    ([, name, severity, delay]) => [name, severity, delay],
  );
  expect(documented).toEqual(
    Object.entries(rules).map(([name, { severity, delayMs }]) => [name, severity, delayOf(delayMs)]),
  );
});

function delayOf(ms: number): string {
  if (ms === 0) return '–';
  return ms < MINUTE_MS ? `${ms / 1_000} s` : `${ms / MINUTE_MS} min`;
}
