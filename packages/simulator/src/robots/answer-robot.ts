import { createHmac } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { readBody } from '../read-body.ts';
import { isOverRate, keep, type Robot, type RobotKind, type RobotMessage } from '../robot.ts';
import type { World } from '../world.ts';

const HOUR_MS = 60 * 60_000;
const BLOCKED_MS = 10 * 60_000;
const MAX_MARKDOWN_BYTES = 4_096;
const MAX_TEXT_BYTES = 2_048;
const MAX_BODY_BYTES = 20_000;

/** Behind `/_robots/KIND`: the path of the real robot. */
const PATHS: Readonly<Record<RobotKind, RegExp>> = {
  wecom: /^\/_robots\/wecom\/cgi-bin\/webhook\/send$/,
  dingtalk: /^\/_robots\/dingtalk\/robot\/send$/,
  feishu: /^\/_robots\/feishu\/open-apis\/bot\/v2\/hook\/([^/]+)$/,
};

type Json = Readonly<Record<string, unknown>>;

/** A message that the robot accepts, or its refusal. */
type Judged = Omit<RobotMessage, 'at' | 'body'> | { readonly refusal: Json };

/** Answers one request to a robot as the real one documents. */
export async function answerRobot(
  world: World,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const send = (status: number, answer: unknown) => {
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(answer));
  };
  const raw = await readBody(request);
  const found = robotAt(world, url);
  if (found === undefined || request.method !== 'POST') return send(404, { error: 'there is no such robot' });
  const now = world.clock.now();
  const at = new Date(now).toISOString();
  const refuse = (status: number, answer: unknown) => {
    keep(found.refused, { at, answer });
    send(status, answer);
  };
  if (found.down) return refuse(500, { error: 'down' });
  const overRate = rateRefusal(found, now);
  if (overRate !== undefined) return refuse(200, overRate);
  const body = isJson(request) ? parsed(raw) : undefined;
  if (body === undefined) return refuse(200, REFUSALS[found.kind].unreadable);
  const judged = JUDGES[found.kind](found, body, { url, now, bytes: raw?.length ?? 0 });
  if ('refusal' in judged) return refuse(200, judged.refusal);
  keep(found.messages, { at, ...judged, body });
  send(200, ACCEPTED[found.kind]);
}

function robotAt(world: World, url: URL): Robot | undefined {
  for (const [kind, path] of Object.entries(PATHS) as [RobotKind, RegExp][]) {
    const match = path.exec(url.pathname);
    if (match === null) continue;
    const id = match[1] ?? url.searchParams.get(kind === 'wecom' ? 'key' : 'access_token');
    return id ? world.robots.of(kind, id) : undefined;
  }
  return undefined;
}

const ACCEPTED: Readonly<Record<RobotKind, Json>> = {
  wecom: { errcode: 0, errmsg: 'ok' },
  dingtalk: { errcode: 0, errmsg: 'ok' },
  feishu: { StatusCode: 0, StatusMessage: 'success', code: 0, data: {}, msg: 'success' },
};

const REFUSALS: Readonly<Record<RobotKind, { readonly unreadable: Json; readonly tooOften: Json }>> = {
  wecom: {
    unreadable: { errcode: 40_008, errmsg: 'invalid message type' },
    tooOften: { errcode: 45_009, errmsg: 'api freq out of limit' },
  },
  dingtalk: {
    unreadable: { errcode: 400_602, errmsg: 'miss param : json' },
    tooOften: { errcode: 130_101, errmsg: 'send too fast, exceed 20 times per minute' },
  },
  feishu: {
    unreadable: { code: 9_499, msg: 'Bad Request', data: {} },
    tooOften: { code: 11_232, msg: 'frequency limited' },
  },
};

function rateRefusal(robot: Robot, now: number): Json | undefined {
  const { tooOften } = REFUSALS[robot.kind];
  if (now < robot.blockedUntil) return tooOften;
  if (!isOverRate(robot, now)) return undefined;
  if (robot.kind === 'dingtalk') robot.blockedUntil = now + BLOCKED_MS;
  return tooOften;
}

type Judge = (
  robot: Robot,
  body: Json,
  request: { readonly url: URL; readonly now: number; readonly bytes: number },
) => Judged;

const JUDGES: Readonly<Record<RobotKind, Judge>> = {
  wecom(_robot, body) {
    const markdown = textOf(body.markdown, 'content');
    if (body.msgtype === 'markdown' && markdown !== undefined) {
      if (Buffer.byteLength(markdown) > MAX_MARKDOWN_BYTES) {
        return { refusal: { errcode: 40_058, errmsg: 'markdown.content exceed max length 4096' } };
      }
      return { text: markdown, mentionsAll: false };
    }
    const text = textOf(body.text, 'content');
    if (body.msgtype === 'text' && text !== undefined) {
      if (Buffer.byteLength(text) > MAX_TEXT_BYTES) {
        return { refusal: { errcode: 40_058, errmsg: 'text.content exceed max length 2048' } };
      }
      const mentioned = isObject(body.text) ? body.text.mentioned_list : undefined;
      return { text, mentionsAll: Array.isArray(mentioned) && mentioned.includes('@all') };
    }
    return { refusal: REFUSALS.wecom.unreadable };
  },

  dingtalk({ secret }, body, { url, now, bytes }) {
    const timestamp = url.searchParams.get('timestamp') ?? '';
    if (!/^\d{13}$/.test(timestamp) || Math.abs(now - Number(timestamp)) > HOUR_MS) {
      return { refusal: { errcode: 310_000, errmsg: 'invalid timestamp' } };
    }
    const expected = createHmac('sha256', secret).update(`${timestamp}\n${secret}`).digest('base64');
    if (url.searchParams.get('sign') !== expected) return { refusal: { errcode: 310_000, errmsg: 'sign not match' } };
    if (bytes > MAX_BODY_BYTES)
      return { refusal: { errcode: 460_101, errmsg: 'message too long, exceed 20000 bytes' } };
    const [title, text] = [textOf(body.markdown, 'title'), textOf(body.markdown, 'text')];
    if (body.msgtype !== 'markdown' || title === undefined || text === undefined) {
      return { refusal: REFUSALS.dingtalk.unreadable };
    }
    return { text, mentionsAll: isObject(body.at) && body.at.isAtAll === true };
  },

  feishu({ secret }, body, { now, bytes }) {
    const { timestamp, sign, msg_type, card } = body;
    const isTime = typeof timestamp === 'string' && /^\d{10}$/.test(timestamp);
    const isNear = isTime && Math.abs(now - Number(timestamp) * 1000) <= HOUR_MS;
    const expected = createHmac('sha256', `${String(timestamp)}\n${secret}`).digest('base64');
    if (!isNear || sign !== expected) {
      const msg = 'sign match fail or timestamp is not within one hour from current time';
      return { refusal: { code: 19_021, msg } };
    }
    if (bytes > MAX_BODY_BYTES || msg_type !== 'interactive' || !isObject(card)) {
      return { refusal: REFUSALS.feishu.unreadable };
    }
    const title = isObject(card.header) ? textOf(card.header.title, 'content') : undefined;
    const elements = Array.isArray(card.elements) ? card.elements : [];
    const texts = elements.map((element: unknown) => (isObject(element) ? textOf(element.text, 'content') : undefined));
    if (title === undefined || texts.length === 0 || texts.includes(undefined)) {
      return { refusal: REFUSALS.feishu.unreadable };
    }
    const text = `${title}\n${texts.join('\n')}`;
    return { text, mentionsAll: text.includes('<at id=all></at>') };
  },
};

function textOf(part: unknown, name: string): string | undefined {
  const text = isObject(part) ? part[name] : undefined;
  return typeof text === 'string' && text !== '' ? text : undefined;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isJson(request: IncomingMessage): boolean {
  return /^application\/json(;|$)/.test(request.headers['content-type'] ?? '');
}

function parsed(raw: Buffer | null): Json | undefined {
  try {
    const body: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(raw ?? undefined));
    return isObject(body) ? body : undefined;
  } catch {
    return undefined;
  }
}
