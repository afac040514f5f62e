import type { IncomingMessage, ServerResponse } from 'node:http';
import { readBody } from '../read-body.ts';
import type { World } from '../world.ts';
import { CHECKING_ROUTES } from './checking.ts';
import { type ControlRoute, Lines } from './control-route.ts';
import { BadInput, type Body } from './input.ts';
import { INSPECTION_ROUTES } from './inspection.ts';
import { PUSHING_ROUTES } from './pushing.ts';
import { ROBOT_ROUTES } from './robot-routes.ts';
import { STEERING_ROUTES } from './steering.ts';
import { TEACHING_ROUTES } from './teaching.ts';
import { USER_ROUTES } from './user-acts.ts';

const ROUTES: Record<string, ControlRoute> = {
  ...CHECKING_ROUTES,
  ...INSPECTION_ROUTES,
  ...PUSHING_ROUTES,
  ...ROBOT_ROUTES,
  ...STEERING_ROUTES,
  ...TEACHING_ROUTES,
  ...USER_ROUTES,
};

/** Answers one request to the control API. */
export async function answerControl(
  world: World,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const send = (status: number, answer: unknown) => {
    if (world.ending.aborted) return;
    if (answer instanceof Lines) {
      response.writeHead(status, { 'content-type': 'application/x-ndjson; charset=utf-8' });
      response.end(answer.text);
      return;
    }
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
    response.end(`${JSON.stringify(answer)}\n`);
  };
  if (world.controlFrom === 'this-machine' && !isOfThisMachine(request.socket)) {
    return send(403, { error: 'the control API of this simulator answers only programs on its own machine' });
  }
  const raw = await readBody(request);
  const label = `${request.method} ${url.pathname}`;
  const route = Object.hasOwn(ROUTES, label) ? ROUTES[label] : undefined;
  if (route === undefined) return send(404, { error: `there is no ${label}`, routes: Object.keys(ROUTES) });
  try {
    send(200, await route(world, bodyOf(raw), url.searchParams));
  } catch (error) {
    if (!(error instanceof BadInput)) throw error;
    send(400, { error: error.message });
  }
}

/** A connection to an own address of the network has the same address at both ends. */
function isOfThisMachine({ remoteAddress = '', localAddress }: IncomingMessage['socket']): boolean {
  return /^(::ffff:)?127\./.test(remoteAddress) || remoteAddress === '::1' || remoteAddress === localAddress;
}

function bodyOf(raw: Buffer | null): Body {
  if (raw === null) throw new BadInput('the body is too large');
  if (raw.length === 0) return {};
  let body: unknown;
  try {
    body = JSON.parse(raw.toString('utf8'));
  } catch {
    throw new BadInput('the body is not JSON');
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new BadInput('the body must be a JSON object');
  }
  return body as Body;
}
