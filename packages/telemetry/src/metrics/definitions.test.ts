import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { definitions, PREFIX } from './definitions.ts';

const page = readFileSync(new URL('../../../../docs/monitoring.md', import.meta.url), 'utf8');

it('docs/monitoring.md has a row for each metric, with its type, labels and meaning', () => {
  const rows = [...page.matchAll(/^\| `wx_.*$/gm)].map(([row]) => row);
  expect(rows).toEqual(
    Object.entries(definitions).map(([name, definition]) => {
      const { type, labels, help } = definition;
      const shared = 'shared' in definition ? ', shared' : '';
      return `| \`${PREFIX}${name}\` | ${type}${shared} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`;
    }),
  );
});

it('no label is the appid of an account', () => {
  const labels = new Set<string>(Object.values(definitions).flatMap((definition) => definition.labels));
  for (const name of ['appid', 'account', 'authorizer', 'openid', 'key', 'call']) expect(labels).not.toContain(name);
});
