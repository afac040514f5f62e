import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { answerApi } from './answer-api.ts';
import { liveMedia } from './api/media-apis.ts';
import { qrPicture } from './api/qrcode-apis.ts';
import { OAUTH_PATH, oauthPage } from './consent/oauth-page.ts';
import { CONSENT_PATHS, consentPage } from './consent/page.ts';
import { answerControl } from './control/answer-control.ts';
import { readBody } from './read-body.ts';
import type { World } from './world.ts';

/** Under these prefixes WeChat answers an unknown path with JSON, too. Most of their APIs are not simulated. */
const API_PREFIXES =
  /^\/(cgi-bin|wxa|wxaapi|sns|datacube|customservice|card|channels|cv|device|merchant|product|scan|semantic|shakearound|shop|tcb|bizwifi|xpay|intp|componenttcb|user-order|promoter|marketing|publisher|redpacketcover|cityservice)\//;

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
  if (CONSENT_PATHS.includes(url.pathname)) return await answerPage(world, request, response, url);
  if (url.pathname === OAUTH_PATH) return answerOauth(world, response, url);
  if (url.pathname === '/cgi-bin/showqrcode') return answerPicture(world, response, url);
  if (url.pathname.startsWith('/_media/')) return answerMedia(world, response, url);
  if (API_PREFIXES.test(url.pathname)) return await answerApi(world, request, response, url);
  response.writeHead(404, { 'content-type': 'text/html' }).end('<html><h1>404 Not Found</h1></html>\n');
}

async function answerPage(world: World, request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
  const body = await readBody(request);
  const page = consentPage(world, {
    method: request.method ?? 'GET',
    query: url.searchParams,
    form: new URLSearchParams(body?.toString('utf8') ?? ''),
    referer: request.headers.referer,
  });
  if ('location' in page) response.writeHead(302, { location: page.location }).end();
  else response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page.html);
}

function answerMedia(world: World, response: ServerResponse, url: URL): void {
  const [, , appid = '', id = ''] = url.pathname.split('/');
  const account = world.accounts.get(appid);
  const media = account && (liveMedia(account, id, world.clock) ?? account.materials.get(id));
  if (media === undefined) response.writeHead(404).end();
  else response.writeHead(200, { 'content-type': media.contentType }).end(media.bytes);
}

function answerOauth(world: World, response: ServerResponse, url: URL): void {
  const page = oauthPage(world, url.searchParams);
  if ('location' in page) response.writeHead(302, { location: page.location }).end();
  else response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page.html);
}

function answerPicture(world: World, response: ServerResponse, url: URL): void {
  const picture = qrPicture(world, url.searchParams.get('ticket') ?? '');
  if (picture === null) response.writeHead(404).end();
  else response.writeHead(200, { 'content-type': 'image/jpg' }).end(picture);
}
