import type { RequestHandler } from 'express';
import helmet from 'helmet';

type Directives = Readonly<Record<string, string[]>>;

/** The Content-Security-Policy of our pages: they load and request only what this gateway serves. `more` overrides. */
export function pagePolicy(more: Directives = {}): RequestHandler {
  return helmet.contentSecurityPolicy({
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      fontSrc: ["'self'"],
      imgSrc: ["'self'", 'data:'],
      connectSrc: ["'self'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
      ...more,
    },
  });
}
