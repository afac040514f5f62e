import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { endUnread } from '../http/end-unread.ts';
import { publishAnswer } from '../http/publish-answer.ts';
import { acceptedEncodings } from './accepted-encodings.ts';
import type { ConsoleFile, ConsoleFiles } from './console-files.ts';

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "require-trusted-types-for 'script'",
].join('; ');

const ASSETS = '/admin/assets/';

/** The console has all paths below /admin but these, which Express answers. */
export function isForConsole(path: string): boolean {
  return /^\/admin(?:\/|$)/i.test(path) && !/^\/admin\/(?:queues|api)(?:\/|$)/i.test(path);
}

/** Serves the built console. Its page has addresses of its own, so every path but that of a file is the page. */
export function consoleRoute(
  files: ConsoleFiles | undefined,
  publicUrl: string | undefined,
  events: GatewayPlatform['events'],
) {
  const headers = {
    'content-security-policy': POLICY,
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-robots-tag': 'noindex',
    // It has no effect over plain HTTP, and not every gateway is behind TLS.
    ...(publicUrl?.startsWith('https:') ? { 'strict-transport-security': 'max-age=31536000' } : {}),
  };

  return (request: IncomingMessage, response: ServerResponse, path: string): void => {
    publishAnswer(events, request, response, path.startsWith(ASSETS) ? '/admin/assets/*' : '/admin/*');
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    response.setHeader('cache-control', 'no-store');
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      sendText(request, response, 405, 'The console accepts only GET and HEAD.');
    } else if (files === undefined) {
      sendText(request, response, 503, 'The console is not built; `npm start` builds it.');
    } else if (!path.startsWith(ASSETS)) {
      sendFile(request, response, files.index);
    } else {
      sendAsset(request, response, files.assets.get(path.slice(ASSETS.length)));
    }
  };
}

function sendAsset(request: IncomingMessage, response: ServerResponse, asset: ConsoleFile | undefined): void {
  // For example of a page that another version has served.
  if (asset === undefined) {
    sendText(request, response, 404, 'The console has no such file.');
    return;
  }
  response.setHeader('cache-control', 'public, max-age=31536000, immutable');
  sendFile(request, response, asset);
}

function sendFile(request: IncomingMessage, response: ServerResponse, { contentType, bodies }: ConsoleFile): void {
  const encodings = acceptedEncodings(String(request.headers['accept-encoding'] ?? ''));
  const encoding = encodings.find((one) => bodies.has(one)) ?? 'identity';
  const body = bodies.get(encoding)!;
  response.setHeader('vary', 'Accept-Encoding');
  if (encoding !== 'identity') response.setHeader('content-encoding', encoding);
  send(request, response, contentType, body);
}

function sendText(request: IncomingMessage, response: ServerResponse, status: number, sentence: string): void {
  response.statusCode = status;
  send(request, response, 'text/plain; charset=utf-8', Buffer.from(`${sentence}\n`));
}

function send(request: IncomingMessage, response: ServerResponse, contentType: string, body: Buffer): void {
  response.setHeader('content-type', contentType);
  response.setHeader('content-length', body.length);
  endUnread(request, response);
  response.end(request.method === 'HEAD' ? undefined : body);
}
