import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { answerApi } from './answer-api.ts';
import { liveMedia } from './api/media-apis.ts';
import { qrPicture } from './api/qrcode-apis.ts';
import { CONSENT_PATHS, consentPage, type Page } from './consent/consent-page.ts';
import { OAUTH_PATH, oauthPage } from './consent/oauth-page.ts';
import { answerControl } from './control/answer-control.ts';
import { JWEIXIN_PATH, JWEIXIN_SCRIPT, VERIFY_PATH } from './js-sdk/jweixin.ts';
import { verifyPage } from './js-sdk/verify-page.ts';
import { errorPage } from './page/error-page.ts';
import { homePage } from './page/home-page.ts';
import { type Language, languageOf } from './page/language.ts';
import { readBody } from './read-body.ts';
import { answerRobot } from './robots/answer-robot.ts';
import type { World } from './world.ts';

/** All hosts of WeChat on one port: API, pages, media and the control API. */
export function openServer(world: World): Server {
  const server = createServer((request, response) => {
    answer(world, request, response).catch((error: unknown) => {
      if (world.ending.aborted) return;
      // A bug of the simulator must not look like an error of WeChat.
      console.error(error);
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain' });
      response.end('the simulator itself failed; see its log\n');
    });
  });
  // Clients keep connections for long; closing them early would look like a reset by WeChat.
  server.keepAliveTimeout = 65_000;
  return server;
}

async function answer(world: World, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const base = `http://${request.headers.host ?? 'localhost'}`;
  const target = request.url ?? '/';
  if (!URL.canParse(target, base)) {
    response.writeHead(400).end();
    return;
  }
  const url = new URL(target, base);
  if (url.pathname === '/_control' || url.pathname.startsWith('/_control/')) {
    return await answerControl(world, request, response, url);
  }
  if (url.pathname.startsWith('/_robots/')) return await answerRobot(world, request, response, url);
  if (CONSENT_PATHS.includes(url.pathname)) return await answerPage(world, request, response, url);
  if (url.pathname === OAUTH_PATH) {
    return sendPage(response, 200, oauthPage(world, url.searchParams, languageIn(request)));
  }
  if (url.pathname === '/cgi-bin/showqrcode') return answerPicture(world, response, url);
  if (JWEIXIN_PATH.test(url.pathname)) {
    response.writeHead(200, { 'content-type': 'application/javascript; charset=utf-8' }).end(JWEIXIN_SCRIPT);
    return;
  }
  if (url.pathname === VERIFY_PATH) return answerVerification(world, response, url);
  if (url.pathname.startsWith('/_media/')) return answerMedia(world, response, url);
  if (url.pathname === '/favicon.ico') return void response.writeHead(404).end();
  if (url.pathname === '/') return sendPage(response, 200, { html: homePage(world, languageIn(request)) });
  if (isForPeople(request, url))
    return sendPage(response, 404, errorPage('this page is not simulated', languageIn(request)));
  await answerApi(world, request, response, url);
}

async function answerPage(world: World, request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
  const body = await readBody(request);
  const page = consentPage(world, {
    method: request.method ?? 'GET',
    query: url.searchParams,
    form: new URLSearchParams(body?.toString('utf8') ?? ''),
    referer: request.headers.referer,
    language: languageIn(request),
  });
  sendPage(response, 200, page);
}

/** For pages of any origin. */
function answerVerification(world: World, response: ServerResponse, url: URL): void {
  const headers = { 'content-type': 'application/json', 'access-control-allow-origin': '*' };
  response.writeHead(200, headers).end(JSON.stringify(verifyPage(world, url.searchParams)));
}

function answerMedia(world: World, response: ServerResponse, url: URL): void {
  const [, , appid = '', id = ''] = url.pathname.split('/');
  const account = world.accounts.get(appid);
  const media = account && (liveMedia(account, id, world.clock) ?? account.materials.get(id));
  if (media === undefined) response.writeHead(404).end();
  else response.writeHead(200, { 'content-type': media.contentType }).end(media.bytes);
}

/** Programs name a token or post; a browser that shows a page accepts HTML. */
function isForPeople(request: IncomingMessage, url: URL): boolean {
  const accepts = request.headers.accept ?? '';
  return request.method === 'GET' && accepts.includes('text/html') && !url.searchParams.has('access_token');
}

function languageIn(request: IncomingMessage): Language {
  return languageOf(request.headers['accept-language']);
}

function sendPage(response: ServerResponse, status: number, page: Page): void {
  if ('location' in page) return void response.writeHead(302, { location: page.location }).end();
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    // No form-action: browsers would apply it to the redirect back to the platform.
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'",
    vary: 'Accept-Language',
  });
  response.end(page.html);
}

function answerPicture(world: World, response: ServerResponse, url: URL): void {
  const picture = qrPicture(world, url.searchParams.get('ticket') ?? '');
  if (picture === null) response.writeHead(404).end();
  else response.writeHead(200, { 'content-type': 'image/png' }).end(picture);
}
