import { randomBytes } from 'node:crypto';
import { Router } from 'express';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { type Language, languageOf } from '../http/language.ts';
import { homePage } from './home-page.ts';
import { type HomeState, readHomeState } from './home-state.ts';

/** The page needs no key, so however often it is requested, Redis and the database are asked once in this time. */
const STATE_TTL_MS = 2_000;

/** `GET /`: a small page for people with the platform's status. `?lang=zh|en` wins over Accept-Language. */
export function homeRoutes(platform: GatewayPlatform): Router {
  const routes = Router();
  const readState = sharedFor(STATE_TTL_MS, () => readHomeState(platform));
  routes.get('/', async (request, response) => {
    const language = chosenLanguage(request.query.lang) ?? languageOf(request.headers['accept-language']);
    const nonce = randomBytes(16).toString('base64');
    response.set({
      'content-type': 'text/html; charset=utf-8',
      'content-language': language === 'zh' ? 'zh-CN' : 'en',
      'cache-control': 'no-store',
      vary: 'Accept-Language',
      'content-security-policy': `default-src 'none'; style-src 'nonce-${nonce}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
      'x-robots-tag': 'noindex',
    });
    response.end(homePage(await readState(), language, nonce));
  });
  return routes;
}

function chosenLanguage(lang: unknown): Language | undefined {
  return lang === 'zh' || lang === 'en' ? lang : undefined;
}

/** Requests within `ttlMs` share one reading. `read` never rejects. */
function sharedFor(ttlMs: number, read: () => Promise<HomeState>): () => Promise<HomeState> {
  let last: { readonly state: Promise<HomeState>; readonly readAt: number } | undefined;
  return () => {
    const now = performance.now();
    if (!last || now - last.readAt > ttlMs) last = { state: read(), readAt: now };
    return last.state;
  };
}
