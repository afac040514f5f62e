import { hash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { CallLine, SettledLine, Stream } from './history.ts';
import { STREAMS } from './history.ts';
import type { NodeHost } from './hosts.ts';
import { randomOf } from './random.ts';

/** The settings of one process of callers, as JSON in the variable `CALLER`. */
export interface CallerSettings {
  readonly host: NodeHost;
  /** Where calls are sent. */
  readonly target: string;
  /** Where the outcomes of accepted calls are read: any of them may be down. */
  readonly readers: readonly string[];
  readonly apiKey: string;
  readonly appid: string;
  readonly openid: string;
  readonly seed: number;
  readonly log: string;
}

const INTERVAL_MS = 250;
/** A caller gives up; longer than the system may be out of service. */
const REQUEST_TIMEOUT_MS = 20_000;
/** For all accepted calls together, after the last one was submitted. */
const SETTLE_TIMEOUT_MS = 45_000;
const READ_TIMEOUT_MS = 5_000;
const READERS_AT_ONCE = 8;

/** At once, half of them in the background, on SIGUSR2. */
const BURST_CALLS = 50;

const READ_PATH = '/cgi-bin/user/info';
const SEND_PATH = '/cgi-bin/message/custom/send';

type Answer = Record<string, unknown>;

/**
 * The business programs of one host. They submit calls in an open loop, so that a slow answer delays no other call, until
 * SIGTERM; then they read the outcome of each call that was accepted with 202, and exit.
 */
async function runCallers(settings: CallerSettings): Promise<void> {
  const log = createWriteStream(settings.log);
  const write = (line: CallLine | SettledLine) => void log.write(`${JSON.stringify(line)}\n`);
  const random = randomOf(settings.seed);
  const name = settings.seed.toString(16);
  const stopping = new AbortController();
  process.once('SIGTERM', () => stopping.abort());
  const open = new Set<Promise<void>>();
  const accepted: string[] = [];

  const submit = async (stream: Stream, round: number | string) => {
    const call = requestOf(settings, stream, `${name}-${settings.host}-${stream}-${round}`);
    const startedAt = Date.now();
    const { status, body } = await ask(settings, 'POST', `${settings.target}/v1/authorizers/${settings.appid}/calls`, {
      body: call.request,
      timeoutMs: REQUEST_TIMEOUT_MS,
    });
    const line: CallLine = {
      kind: 'call',
      host: settings.host,
      stream,
      startedAt,
      answeredAt: Date.now(),
      status,
      bodyHash: call.bodyHash,
      orderKey: call.orderKey,
      ...outcomeOf(body),
      id: typeof body.id === 'string' ? body.id : null,
    };
    write(line);
    if (status === 202 && line.id !== null) accepted.push(line.id);
  };

  const stream = async (kind: Stream) => {
    const phaseMs = random() * INTERVAL_MS;
    const startedAt = performance.now() + phaseMs;
    for (let round = 0; !stopping.signal.aborted; round++) {
      const dueMs = startedAt + round * INTERVAL_MS - performance.now();
      await pause(Math.max(0, dueMs), undefined, { signal: stopping.signal }).catch(() => {});
      if (stopping.signal.aborted) break;
      const submitted: Promise<void> = submit(kind, round).finally(() => open.delete(submitted));
      open.add(submitted);
    }
  };
  let bursts = 0;
  process.on('SIGUSR2', () => {
    bursts += 1;
    for (let i = 0; i < BURST_CALLS; i++) {
      const kind = i % 2 === 0 ? 'send' : 'background';
      const submitted: Promise<void> = submit(kind, `burst-${bursts}-${i}`).finally(() => open.delete(submitted));
      open.add(submitted);
    }
  });
  console.log('callers started');
  await Promise.all((Object.keys(STREAMS) as Stream[]).map(stream));
  await Promise.all(open);

  const deadline = performance.now() + SETTLE_TIMEOUT_MS;
  const unread = accepted.values();
  const readers = Array.from({ length: READERS_AT_ONCE }, async (_, reader) => {
    for (const id of unread) write(await settledOf(settings, id, reader, deadline));
  });
  await Promise.all(readers);
  await new Promise<void>((resolve) => log.end(resolve));
}

async function settledOf(settings: CallerSettings, id: string, from: number, deadline: number): Promise<SettledLine> {
  for (let attempt = 0; ; attempt++) {
    const reader = settings.readers[(from + attempt) % settings.readers.length]!;
    const { status, body } = await ask(settings, 'GET', `${reader}/v1/calls/${id}`, { timeoutMs: READ_TIMEOUT_MS });
    const outcome = outcomeOf(body);
    const final = status === 200 && ['completed', 'failed', 'cancelled'].includes(outcome.state ?? '');
    if (final || status === 404 || performance.now() > deadline) {
      return { kind: 'settled', id, at: Date.now(), ...outcome, state: final ? outcome.state : null };
    }
    await pause(200);
  }
}

function requestOf(settings: CallerSettings, stream: Stream, text: string) {
  if (stream === 'read') {
    const request = { method: 'GET', path: READ_PATH, query: { openid: settings.openid } };
    return { request, bodyHash: null, orderKey: null };
  }
  const body = { touser: settings.openid, msgtype: 'text', text: { content: text } };
  const request = { method: 'POST', path: SEND_PATH, body };
  const bodyHash = hash('sha256', JSON.stringify(body));
  switch (stream) {
    case 'send':
      return { request, bodyHash, orderKey: null };
    case 'background':
      return { request: { ...request, waitMs: 0 }, bodyHash, orderKey: null };
    case 'durable':
      return { request: { ...request, waitMs: 0, durable: true }, bodyHash, orderKey: null };
    case 'ordered': {
      const orderKey = /[02468]$/.test(text) ? 'even' : 'odd';
      return { request: { ...request, waitMs: 0, orderKey }, bodyHash, orderKey };
    }
    default:
      return stream satisfies never;
  }
}

async function ask(
  settings: CallerSettings,
  method: string,
  url: string,
  { body, timeoutMs }: { readonly body?: object; readonly timeoutMs: number },
): Promise<{ status: number; body: Answer }> {
  try {
    const response = await fetch(url, {
      method,
      headers: { authorization: `Bearer ${settings.apiKey}`, 'content-type': 'application/json' },
      signal: AbortSignal.timeout(timeoutMs),
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await response.text();
    return { status: response.status, body: answerIn(text) };
  } catch {
    return { status: 0, body: {} };
  }
}

/** A balancer answers plain text. */
function answerIn(text: string): Answer {
  try {
    return JSON.parse(text) as Answer;
  } catch {
    return {};
  }
}

function outcomeOf(answer: Answer): { state: string | null; code: string | null; errcode: number | null } {
  const failure = answer.failure as { code?: string } | null | undefined;
  const response = answer.response as { body?: { errcode?: number } } | null | undefined;
  return {
    state: textOf(answer.state),
    code: textOf(failure?.code ?? answer.code),
    errcode: response?.body?.errcode ?? null,
  };
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

await runCallers(JSON.parse(process.env.CALLER!) as CallerSettings);
