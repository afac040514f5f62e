import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { routeRights } from '../src/key/route-rights.ts';

/** The table "For business programs" of docs/http.md. */
function documentedRoutes(): string[] {
  const page = readFileSync(new URL('../../../docs/http.md', import.meta.url), 'utf8');
  return [...page.matchAll(/`((?:GET|POST|PUT|DELETE) \/v1\/[^`]*)`/g)].map(([, route]) => route!);
}

test('docs/http.md lists every route of /v1, and none that does not exist', () => {
  const routes = routeRights.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
  expect(documentedRoutes().toSorted()).toEqual(routes.toSorted());
});
