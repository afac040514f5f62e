import type { Router } from 'express';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { app } from '../src/app.ts';
import { Shutdown } from '../src/http/shutdown.ts';
import { openApiKeys } from '../src/key/api-keys.ts';
import { Authenticator } from '../src/key/authenticator.ts';
import { routeRights } from '../src/key/route-rights.ts';
import { apiDocument } from '../src/openapi/api-document.ts';
import { operations } from '../src/openapi/operations.ts';
import { fakePlatform } from './fake-platform.ts';
import { openGateway, surroundings } from './open-gateway.ts';

const described = apiDocument();

describe('the API’s description', () => {
  it('names every route under /v1, and no other', () => {
    const described = Object.entries(apiDocument().paths ?? {}).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    );
    // The table of rights is a router, too, whose routes lead to no answer.
    const routes = routesOf(application());
    for (const { method, path } of routeRights) {
      const at = routes.indexOf(`${method.toUpperCase()} ${path.replace(/:(\w+)/g, '{$1}')}`);
      if (at !== -1) routes.splice(at, 1);
    }
    expect(described.toSorted()).toEqual(routes.toSorted());
  });

  it('calls every operation by a name of its own', () => {
    const names = Object.values(described.paths ?? {}).flatMap((item) =>
      Object.values(item).map((operation) => (operation as { operationId: string }).operationId),
    );
    expect(new Set(names).size).toBe(names.length);
  });

  it('shows with each body one that would do', () => {
    for (const [route, { body, example = {} }] of Object.entries(operations)) {
      expect([route, body?.safeParse(example).error?.message]).toEqual([route, undefined]);
    }
  });

  it('refers to nothing that it does not hold', () => {
    const schemas = Object.keys(described.components?.schemas ?? {});
    const references = [...JSON.stringify(described).matchAll(/"\$ref":"([^"]+)"/g)].map(([, target]) => target);
    expect(references.length).toBeGreaterThan(10);
    expect(references.filter((it) => !schemas.includes(it!.replace('#/components/schemas/', '')))).toEqual([]);
  });

  it('says what a request may hold, in the words of the schema that checks it', () => {
    expect(described.components?.schemas?.CallRequest).toMatchObject({
      required: ['method', 'path'],
      additionalProperties: false,
      properties: { waitMs: { type: 'integer', minimum: 0, maximum: 60_000 } },
    });
  });

  it('needs no key', async () => {
    const gateway = await openGateway(fakePlatform(), { apiKey: undefined });
    const response = await fetch(`${gateway.url}/openapi.json`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toContain('application/json');
    expect(await response.json()).toEqual(JSON.parse(JSON.stringify(described)));
  });
});

describe('the page at /docs', () => {
  it('is made of parts that all come from here', async () => {
    const gateway = await openGateway(fakePlatform(), { apiKey: undefined });
    // From /docs to /docs/, since the parts are named relative to it.
    const response = await fetch(`${gateway.url}/docs`);
    expect(response.url).toBe(`${gateway.url}/docs/`);
    const page = await response.text();
    const parts = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, part]) => part!);
    expect(parts).toHaveLength(5);
    for (const part of parts) {
      expect(part).not.toMatch(/^\w+:|^\/\//);
      const got = await fetch(new URL(part, response.url));
      expect([part, got.status]).toEqual([part, 200]);
      if (part.endsWith('.js')) expect(got.headers.get('content-type')).toContain('javascript');
    }
    expect(page).not.toMatch(/<script>|\sstyle=|\son\w+=/);
  });

  it('may send requests to this gateway only', async () => {
    const gateway = await openGateway(fakePlatform());
    const { headers } = await fetch(`${gateway.url}/docs/`);
    const policy = headers.get('content-security-policy')!;
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    expect(await (await fetch(`${gateway.url}/docs/start.js`)).text()).toContain('validatorUrl: null');
  });

  it.each(['package.json', 'swagger-ui.js', '..%2fpackage.json', 'index.html'])(
    'shows nothing else of Swagger UI: %s',
    async (name) => {
      const gateway = await openGateway(fakePlatform());
      expect((await fetch(`${gateway.url}/docs/${name}`)).status).toBe(404);
    },
  );
});

function application(): Router {
  const settings = {
    port: 0,
    host: '127.0.0.1',
    secretsKeys: [Buffer.alloc(32, 7)],
    admin: { user: 'admin', write: false },
    returnToOrigins: [],
    doctor: surroundings,
    shutdownMs: 1_000,
  };
  const log = pino({ level: 'silent' });
  const platform = fakePlatform();
  const authenticator = new Authenticator(openApiKeys(undefined, platform.apiKeys));
  return app(platform, settings, () => 'http://127.0.0.1', authenticator, new Shutdown(), log)
    .router as unknown as Router;
}

/** Every route that Express would find under /v1, as the description spells them. */
function routesOf(router: Router): string[] {
  return router.stack.flatMap((layer) => {
    const { route, handle } = layer;
    if (route === undefined) return 'stack' in handle ? routesOf(handle as Router) : [];
    return route.path.startsWith('/v1')
      ? route.stack.map((one) => `${one.method.toUpperCase()} ${route.path.replace(/:(\w+)/g, '{$1}')}`)
      : [];
  });
}
