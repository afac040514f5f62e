// Serves a web page that uses WeChat's JS-SDK, and signs it. docs/js-sdk.md explains how.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { WxThirdparty } from '@wxthirdparty/sdk';

const { APPID = '', API_KEY = '', GATEWAY = 'http://127.0.0.1:3000', PORT = '4000', JWEIXIN } = process.env;
const { ORIGIN = `http://127.0.0.1:${PORT}` } = process.env;
const account = new WxThirdparty({ url: GATEWAY, apiKey: API_KEY }).authorizer(APPID);
const file = await readFile(new URL('js-sdk.html', import.meta.url), 'utf8');
// Against the demo, the script comes from the simulated WeChat.
const page = JWEIXIN ? file.replace('https://res.wx.qq.com', JWEIXIN) : file;

createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://server');
  if (pathname === '/') return response.setHeader('content-type', 'text/html; charset=utf-8').end(page);
  if (pathname !== '/js-config') return response.writeHead(404).end();
  const url = searchParams.get('url') ?? '';
  // Only pages of this site: on another site, the signature would let its owner act in the account's name.
  if (!url.startsWith(`${ORIGIN}/`)) return response.writeHead(403).end('not a page of this site');
  try {
    const config = await account.jsConfig(url);
    response.setHeader('content-type', 'application/json').end(JSON.stringify(config));
  } catch (error) {
    console.error(error);
    response.writeHead(503).end('the page cannot be signed at present');
  }
}).listen(Number(PORT), '127.0.0.1', () => console.log(`The page is at ${ORIGIN}/`));
