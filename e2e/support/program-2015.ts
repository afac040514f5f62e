import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from '../../packages/sdk/build/compile.ts';

const PACKAGE = fileURLToPath(new URL('../../packages/wxthirdparty/', import.meta.url));
const EXAMPLE = new URL('./example-2015.txt', import.meta.url);

/** What the placeholders of the example of 2015 stand for; only `db` has another form than in 2015. */
export interface Values {
  readonly appid: string;
  readonly appsecret: string;
  readonly token: string;
  readonly key: string;
  readonly db: string;
}

/** Installs npm `wxthirdparty` into a folder as users do: as CommonJS and as an ES module. */
export async function installWxthirdparty(folder: string): Promise<void> {
  const installed = join(folder, 'node_modules/wxthirdparty');
  await mkdir(installed, { recursive: true });
  const external = ['urllib', 'wechat-api'];
  const entry = join(PACKAGE, 'src/index.ts');
  await Promise.all([
    bundle({ entry, outFile: join(installed, 'index.cjs'), format: 'cjs', external }),
    bundle({ entry, outFile: join(installed, 'index.mjs'), format: 'esm', external }),
    ...external.map((name) => symlink(join(PACKAGE, 'node_modules', name), join(folder, 'node_modules', name))),
    writeFile(
      join(installed, 'package.json'),
      JSON.stringify({ name: 'wxthirdparty', exports: { import: './index.mjs', require: './index.cjs' } }),
    ),
  ]);
}

/** The program that the README of 2015 shows, with what it expects around it. */
export async function programOf2015(values: Values): Promise<string> {
  const placeholders: readonly (readonly [string, string])[] = [
    ['第三方应用appid', values.appid],
    ['第三方应用appsecret', values.appsecret],
    ['第三方应用中设置的公众号消息校验Token', values.token],
    ['第三方应用中设置的公众号消息加解密Key', values.key],
    ['mysql://user:password@host/yourdatabase', values.db],
  ];
  const example = placeholders.reduce(
    (text, [placeholder, value]) => text.replace(`'${placeholder}'`, `'${value}'`),
    await readFile(EXAMPLE, 'utf8'),
  );
  return `${BEFORE}\n${example}\n${AFTER}`;
}

/** `PORT`: of all workers. Every answer names the process that gave it, as `x-pid`. */
const BEFORE = `
var cluster = require('cluster'), realHttp = require('http'), url = require('url');
var ThirdpartyServer = require('wxthirdparty').ThirdpartyServer;
var numCPUs = 2, routes = {}, app = { get: function (path, handler) { routes['/' + path] = handler; } };
// WeChat does not send pictures any more (protocol §4.1).
require('wxthirdparty').hooks.getUser = { after: function (err, follower, callback) {
  follower.headimgurl = 'http://picture.example/' + follower.openid;
  callback(err, follower);
} };
// The example names a variable that does not exist.
global.data = { headimgurl: true };
// Port 80 is for root alone.
var http = { createServer: function () { return { listen: function () { realHttp.createServer(serve).listen(process.env.PORT, '127.0.0.1'); } }; } };

function serve(req, res) {
  var asked = new url.URL(req.url, 'http://program');
  res.setHeader('x-pid', process.pid);
  res.setHeader('connection', 'close');
  req.cookie = { wx_token: (req.headers.cookie || '').replace('wx_token=', '') };
  req.__get = { openid: asked.searchParams.get('openid') };
  if (routes[asked.pathname]) return routes[asked.pathname](req, res);
  if (asked.pathname === '/consented') {
    return thirdparty.fetch_user_info(asked.searchParams.get('auth_code'), function (err, user_info) {
      res.end(JSON.stringify({ err: err, user_info: user_info }));
    });
  }
  // As the README of 2015: what the middleware collects is appended to undefined.
  req.on('data', function (d) { req.body += d.toString(); });
  req.on('end', function () {
    thirdparty.save_ticket(req.body);
    res.end('success');
  });
}
`;

const AFTER = `
if (cluster.isMaster) {
  thirdparty.once('ready', function () { console.log('component ready'); });
  cluster.once('listening', function () { console.log('program listening'); });
}
`;
