import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { routeRights } from '../src/key/route-rights.ts';
import { apiDocument } from '../src/openapi/api-document.ts';

/** The table "For business programs" of docs/http.md. */
function documentedRoutes(): string[] {
  const page = readFileSync(new URL('../../../docs/http.md', import.meta.url), 'utf8');
  return [...page.matchAll(/`((?:GET|POST|PUT|PATCH|DELETE) \/v1\/[^`]*)`/g)].map(([, route]) => route!);
}

test('docs/http.md lists every route of /v1, and none that does not exist', () => {
  const routes = routeRights.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
  expect(documentedRoutes().toSorted()).toEqual(routes.toSorted());
});

test('docs/troubleshooting.md has every problem code that the description promises', () => {
  const page = readFileSync(new URL('../../../docs/troubleshooting.md', import.meta.url), 'utf8');
  const documented = [...page.matchAll(/^\| ((?:`\w+`(?:, )?)+) \|/gm)].flatMap(([, codes]) =>
    codes!.split(', ').map((code) => code.replaceAll('`', '')),
  );
  const problems = JSON.stringify(apiDocument()).matchAll(/"description":"((?:`\w+`(?:, )?)+)"/g);
  const promised = [...problems].flatMap(([, codes]) => codes!.split(', ').map((code) => code.replaceAll('`', '')));
  expect(promised.length).toBeGreaterThan(20);
  expect(promised.filter((code) => !documented.includes(code))).toEqual([]);
});
