import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { type RequestHandler, Router } from 'express';
import helmet from 'helmet';
import { apiDocument } from './api-document.ts';
import { page, start } from './docs-page.ts';

/** Of Swagger UI; everything else of its package stays inside. */
const assets = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'];

/** What this gateway can be asked, for programs and for readers. Neither needs a key: it says nothing of anybody. */
export function descriptionRoutes(): Router {
  const routes = Router();
  const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

  // Made when it is asked for first: no gateway should start later for the sake of its description.
  let document: string | undefined;
  routes.get('/openapi.json', (_request, response) => {
    document ??= JSON.stringify(apiDocument());
    response.type('application/json').set('cache-control', 'no-cache').send(document);
  });

  routes.use('/docs', pageHeaders());
  routes.get('/docs', (request, response) => {
    // The page names its parts relative to its own folder, so that it works behind a proxy that puts a path before ours.
    if (!/\/docs\/(?:\?|$)/.test(request.originalUrl)) response.redirect('docs/');
    else response.type('html').set('cache-control', 'no-cache').send(page);
  });
  routes.get('/docs/start.js', (_request, response) => {
    response.type('text/javascript').set('cache-control', 'no-cache').send(start);
  });
  for (const name of assets) {
    routes.get(`/docs/${name}`, (_request, response) => {
      response.sendFile(name, { root: folder, maxAge: '1d' });
    });
  }
  return routes;
}

/** Whatever is on the page came from here, and it talks to nobody else. */
function pageHeaders(): RequestHandler {
  return helmet.contentSecurityPolicy({
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'", 'data:'],
      connectSrc: ["'self'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
    },
  });
}
