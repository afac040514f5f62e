import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { ApiRequest, Reply } from './api/api.ts';
import { perform, tokenIn } from './api/perform.ts';
import type { Delay, PlannedFailure } from './faults.ts';
import { readBody } from './read-body.ts';
import { Refusal } from './refusal.ts';
import { hashOf } from './request-log.ts';
import { writeWechatJson } from './wechat-json.ts';
import type { World } from './world.ts';

// Clients must decide by the body, never by the content type (protocol §9 and §10 rule 41).
const JSON_TYPES = ['application/json; encoding=utf-8', 'application/json; charset=UTF-8', 'text/plain'];
const BAD_GATEWAY =
  '<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n' +
  '<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n';

interface Written {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
  outcome: number | string;
  /** The request id of a refusal. */
  rid?: string;
}

interface Names {
  component: string | null;
  account: string | null;
}

/** Answers one API request, with its faults, side effects and counters. */
export async function answerApi(
  world: World,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const startedAt = performance.now();
  const at = new Date().toISOString();
  const method = request.method ?? 'GET';
  const path = url.pathname;
  const { remotePort: port = 0, remoteAddress: from = '' } = request.socket;
  const label = `${method} ${path}`;
  let names: Names = { component: null, account: null };
  let bodyHash: string | null = null;
  const finished = (errcode: number | string) => {
    const durationMs = Math.round(performance.now() - startedAt);
    world.traffic.finished({ at, method, path, ...names, errcode, durationMs, port });
    world.log.add({
      kind: 'request',
      at: Date.parse(at),
      answeredAt: Date.now(),
      method,
      path,
      ...names,
      bodyHash,
      answer: errcode,
      connected: !request.socket.destroyed,
      from,
    });
  };
  world.traffic.arrived(label);

  if (world.faults.takeEarlyReset(path)) {
    finished('reset');
    request.socket.resetAndDestroy();
    return;
  }
  const body = await readBody(request).catch(() => undefined);
  if (body === undefined) return finished('caller-left');
  if (body === null) {
    finished('413');
    response.writeHead(413, { connection: 'close' }).end();
    return;
  }
  bodyHash = hashOf(body);
  const asked: ApiRequest = {
    method,
    path,
    query: url.searchParams,
    contentType: request.headers['content-type'] ?? '',
    body,
    callerIp: (request.socket.remoteAddress ?? '').replace(/^::ffff:/, ''),
    origin: url.origin,
  };
  names = namesIn(world, asked);
  const account = names.account ?? names.component;
  if (account !== null) world.traffic.named(account, label);

  const { delay, failing } = world.faults.take(
    path,
    [names.account, names.component].filter((name) => name !== null),
  );
  await waitIf(world, delay, 'before');
  let written = failing?.at === 'before' ? mishap(world, failing, null) : null;
  if (written === null) {
    const reply = attempt(world, asked);
    if ('notBefore' in reply) await reply.notBefore;
    written = write(world, reply);
    await waitIf(world, delay, 'after');
    if (failing?.at === 'after') written = mishap(world, failing, written);
  }

  finished(written.outcome);
  if (written.rid !== undefined) {
    world.rids.keep(written.rid, {
      account,
      invokeTime: Math.floor(Date.parse(at) / 1000),
      costMs: Math.round(performance.now() - startedAt),
      // WeChat shows the token here; the simulator does not.
      url: `https://api.weixin.qq.com${path}?${url.searchParams.toString().replace(/(access_token=)[^&]*/g, '$1***')}`,
      requestBody: body.toString('utf8').slice(0, 2000),
      responseBody: written.body.toString('utf8'),
      clientIp: asked.callerIp,
    });
  }
  if (written.outcome === 'reset') request.socket.resetAndDestroy();
  else if (written.outcome !== 'hang') {
    response.writeHead(written.status, { ...written.headers, 'content-length': written.body.length });
    response.end(written.body);
  }
}

function attempt(world: World, asked: ApiRequest): Reply | Refusal {
  if (world.chance.happens(world.options.systemErrorRate)) return new Refusal(-1);
  try {
    return perform(world, asked);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

function write(world: World, reply: Reply | Refusal): Written {
  if (reply instanceof Refusal) {
    const rid = newRid(world);
    const errmsg = `${reply.message} rid: ${rid}`;
    return { ...writeJson(world, { errcode: reply.errcode, errmsg, ...reply.more }, reply.errcode), rid };
  }
  if ('json' in reply) return writeJson(world, reply.json, 0);
  const headers = {
    'content-type': reply.contentType,
    'content-disposition': `attachment; filename="${reply.fileName}"`,
  };
  return { status: 200, headers, body: reply.bytes, outcome: 0 };
}

function writeJson(world: World, json: Parameters<typeof writeWechatJson>[0], outcome: number): Written {
  return {
    status: 200,
    headers: { 'content-type': JSON_TYPES[world.chance.below(JSON_TYPES.length)]! },
    body: Buffer.from(writeWechatJson(json, world.options.controlCharacters), 'utf8'),
    outcome,
  };
}

function mishap(world: World, failing: PlannedFailure, answer: Written | null): Written {
  const html = { 'content-type': 'text/html' };
  const nothing = Buffer.alloc(0);
  switch (failing.how) {
    case 'errcode':
      return write(world, new Refusal(failing.errcode));
    case 'reset':
      return { status: 0, headers: {}, body: nothing, outcome: 'reset' };
    case 'hang':
      return { status: 0, headers: {}, body: nothing, outcome: 'hang' };
    case '502':
      return { status: 502, headers: html, body: Buffer.from(BAD_GATEWAY), outcome: '502' };
    case 'empty':
      return { status: 200, headers: {}, body: nothing, outcome: 'empty' };
    case 'html':
      return {
        status: 200,
        headers: html,
        body: Buffer.from(BAD_GATEWAY.replaceAll('502 Bad Gateway', '系统繁忙')),
        outcome: 'html',
      };
    case 'truncated': {
      const whole = answer ?? writeJson(world, { errcode: 0, errmsg: 'ok' }, 0);
      return { ...whole, body: whole.body.subarray(0, Math.floor(whole.body.length / 2)), outcome: 'truncated' };
    }
  }
}

async function waitIf(world: World, delay: Delay | null, at: 'before' | 'after'): Promise<void> {
  if (delay?.at !== at) return;
  const signal = AbortSignal.any([world.ending, world.faults.released]);
  await pause(delay.ms, undefined, { signal }).catch(() => undefined);
}

/** The component and the account of a request, without checking it: expired tokens also have an owner. */
function namesIn(world: World, asked: ApiRequest): Names {
  const token = world.tokens.find(tokenIn(asked.query, asked.path));
  let component = token?.component ?? null;
  let account = token?.appid ?? null;
  if (asked.path.startsWith('/sns/')) account = asked.query.get('appid');
  if (asked.path.startsWith('/cgi-bin/component/') && asked.body.length < 100_000) {
    try {
      const body = JSON.parse(asked.body.toString('utf8')) as Record<string, unknown> | null;
      if (component === null && typeof body?.component_appid === 'string') component = body.component_appid;
      if (account === null && typeof body?.authorizer_appid === 'string') account = body.authorizer_appid;
    } catch {
      // The API itself refuses the body.
    }
  }
  return { component, account };
}

function newRid(world: World): string {
  const random = world.credentials.bytes(8).toString('hex');
  return `${world.clock.unix().toString(16).padStart(8, '0')}-${random.slice(0, 8)}-${random.slice(8)}`;
}
