import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { Router } from 'express';
import { pagePolicy } from '../http/page-policy.ts';
import { apiDocument } from './api-document.ts';
import { page, start } from './docs-page.ts';

/** The only files of Swagger UI's package that are served. */
const ASSETS = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'];

/** The API's description for programs and for readers. It needs no key, since it contains no data. */
export function descriptionRoutes(): Router {
  const routes = Router();
  const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

  // Generated at the first request, so that it does not delay the start.
  let document: string | undefined;
  routes.get('/openapi.json', (_request, response) => {
    document ??= JSON.stringify(apiDocument());
    response.type('application/json').set('cache-control', 'no-cache').send(document);
  });

  routes.use('/docs', pagePolicy());
  routes.get('/docs', (request, response) => {
    // The page's links are relative to its folder, so that it works behind a proxy that adds a path prefix.
    if (!/\/docs\/(?:\?|$)/.test(request.originalUrl)) response.redirect('docs/');
    else response.type('html').set('cache-control', 'no-cache').send(page);
  });
  routes.get('/docs/start.js', (_request, response) => {
    response.type('text/javascript').set('cache-control', 'no-cache').send(start);
  });
  for (const name of ASSETS) {
    routes.get(`/docs/${name}`, (_request, response) => {
      response.sendFile(name, { root: folder, maxAge: '1d' });
    });
  }
  return routes;
}
