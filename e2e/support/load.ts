import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import type { CallBody, Deployment } from './deployment.ts';
import { SERVICE_ACCOUNT } from './deployment.ts';
import { until } from './until.ts';

/** One call that a business program submitted, and the answer. */
export interface Asked {
  readonly kind: 'read' | 'send';
  /** The text of the message; for a read, only a name. */
  readonly content: string;
  readonly gateway: number;
  /** 0: the connection broke without an answer. */
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: Partial<CallBody>;
}

/** Of a read, which may be sent again: on a busy machine another process may take it over once more. */
export function atLeast(count: number): unknown {
  return expect.toSatisfy((actual: number) => actual >= count);
}

/** A background call that has settled by the time of the answer is answered 200, any other 202. */
export function isAccepted(status: number): boolean {
  return status === 200 || status === 202;
}

/** Business programs that submit calls continuously: reads and messages, some of them in the background. */
export class Load {
  readonly asked: Asked[] = [];
  readonly #name = randomBytes(3).toString('hex');
  readonly #deployment: Deployment;
  readonly #openid: string;
  readonly #callers: Promise<void>[];
  #stopped = false;

  private constructor(deployment: Deployment, openid: string, callers: number) {
    this.#deployment = deployment;
    this.#openid = openid;
    this.#callers = Array.from({ length: callers }, (_, caller) => this.#go(caller));
  }

  static async start(deployment: Deployment, callers: number): Promise<Load> {
    const { openids } = await deployment.wechat.control<{ openids: string[] }>(
      'GET',
      `/followers?appid=${SERVICE_ACCOUNT}&limit=1`,
    );
    return new Load(deployment, openids[0]!, callers);
  }

  /** Calls with an id: the deployment has promised to settle them. */
  get accepted(): Asked[] {
    return this.asked.filter(({ status }) => isAccepted(status));
  }

  get refused(): Asked[] {
    return this.asked.filter(({ status }) => status >= 400);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#callers);
  }

  async #go(caller: number): Promise<void> {
    for (let round = 0; !this.#stopped; round++) {
      const gateway = (caller + round) % this.#deployment.gateways.length;
      const asked = await this.#ask(
        `${this.#name}-${caller}-${round}`,
        caller % 2 === 0 ? 'send' : 'read',
        round % 3 === 0,
        gateway,
      );
      this.asked.push(asked);
      // Without a pause the callers would take the CPU from the processes that start and stop meanwhile.
      await pause(isAccepted(asked.status) ? 20 : 50);
    }
  }

  async #ask(content: string, kind: Asked['kind'], background: boolean, gateway: number): Promise<Asked> {
    const request =
      kind === 'read'
        ? { method: 'GET', path: '/cgi-bin/user/info', query: { openid: this.#openid } }
        : {
            method: 'POST',
            path: '/cgi-bin/message/custom/send',
            body: { touser: this.#openid, msgtype: 'text', text: { content } },
          };
    const result = (status: number, retryAfter: string | null, body: Partial<CallBody>): Asked => ({
      kind,
      content,
      gateway,
      status,
      retryAfter,
      body,
    });
    try {
      const { status, headers, body } = await this.#deployment.api<CallBody>(
        'POST',
        `/v1/authorizers/${SERVICE_ACCOUNT}/calls`,
        { ...request, ...(background ? { waitMs: 0 } : {}) },
        gateway,
      );
      return result(status, headers.get('retry-after'), body);
    } catch {
      return result(0, null, {});
    }
  }
}

/** The settled record of an accepted call, read by its id. */
export function settledCall(deployment: Deployment, id: string, gateway = 0): Promise<CallBody> {
  return until(`${id} settles`, async () => {
    const { status, body } = await deployment.api<CallBody>('GET', `/v1/calls/${id}`, undefined, gateway);
    if (status !== 200) throw new Error(`${status} ${body.code}`);
    return ['completed', 'failed', 'cancelled'].includes(body.state) && body;
  });
}

/** The outcome for which a caller waits; on a busy machine it may receive the id of its call before. */
export async function outcomeOf(
  deployment: Deployment,
  answered: Promise<{ readonly status: number; readonly body: CallBody }>,
): Promise<CallBody> {
  const { status, body } = await answered;
  if (status === 200) return body;
  if (status === 202) return settledCall(deployment, body.id);
  throw new Error(`${status} ${JSON.stringify(body)}`);
}

/** How often each message arrived at its user. */
export async function arrivals(deployment: Deployment): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const { content } of await deployment.wechat.messages()) {
    const said = (content as { content: string }).content;
    counts.set(said, (counts.get(said) ?? 0) + 1);
  }
  return counts;
}

/** Users who write to the account continuously; WeChat delivers each message until it is accepted or WeChat gives up. */
export class Pushing {
  readonly msgIds: string[] = [];
  readonly #deployment: Deployment;
  readonly #users: Promise<void>[];
  #stopped = false;

  constructor(deployment: Deployment, users: number) {
    this.#deployment = deployment;
    this.#users = Array.from({ length: users }, () => this.#go());
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#users);
  }

  async #go(): Promise<void> {
    while (!this.#stopped) {
      const { msgId } = await this.#deployment.wechat.control<{ msgId: string }>('POST', '/push', {
        url: 'messages',
        appid: SERVICE_ACCOUNT,
        fields: { MsgType: 'text', Content: '你好' },
      });
      this.msgIds.push(msgId);
      await pause(20);
    }
  }
}
