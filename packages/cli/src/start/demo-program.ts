import { existsSync, rmSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { DemoBusinesses } from './demo-accounts.ts';
import { type DemoReceiver, openDemoReceiver } from './demo-receiver.ts';
import { askJson } from './http.ts';
import { keep, readOrCreate } from './private-json.ts';

export interface DemoProgramSettings {
  readonly gatewayUrl: string;
  readonly simulatorUrl: string;
  /** With all rights: the program makes a key of its own with it. */
  readonly apiKey: string;
  readonly component: string;
  readonly businesses: DemoBusinesses;
  /** Where the program keeps its key and the ids of its subscriptions. */
  readonly file: string;
}

/** On average, between two calls. */
const INTERVAL_MS = 1_200;
const RETRY_INTERVAL_MS = 2_000;
/** Users who wrote last, and may be answered. */
const MAX_WRITERS = 20;
/** A small quota, so that the demo has a closed one and calls that wait for it. */
const SMALL_QUOTA = 30;
const MAX_WAITING_CALLS = 12;
const DEADLINE_MS = 60 * 60_000;

const SEND = '/cgi-bin/message/custom/send';
const REPLIES = ['您好，请稍候。', '我们九点到二十一点营业。', '有货，欢迎到店。', '已为您登记。', '感谢您的关注！'];
const SCOPES = [
  'calls',
  'authorizers:read',
  'authorizers:write',
  'followers:read',
  'pushes:read',
  'pushes:write',
] as const;

const stateSchema = z.object({ key: z.string(), worksId: z.string(), failsId: z.string() });
type State = z.infer<typeof stateSchema>;

const deliverySchema = z.object({
  type: z.string(),
  data: z.object({ appid: z.string(), openid: z.string() }),
});

/**
 * A small business program for the demo, which uses the API like any other: it receives the pushes of a few accounts, answers
 * their users, and reads and sends a little more. At most a few requests a second.
 */
export async function startDemoProgram(settings: DemoProgramSettings): Promise<{ close(): Promise<void> }> {
  const program = new DemoProgram(settings);
  const receiver = await openDemoReceiver((body) => program.received(body));
  const running = program.run(receiver);
  return {
    async close() {
      program.stop();
      await Promise.all([receiver.close(), running]);
    },
  };
}

class DemoProgram {
  readonly #settings: DemoProgramSettings;
  readonly #stopping = new AbortController();
  readonly #writers: { readonly appid: string; readonly openid: string }[] = [];
  #waitingCalls = 0;
  #calls = 0;

  constructor(settings: DemoProgramSettings) {
    this.#settings = settings;
  }

  stop(): void {
    this.#stopping.abort();
  }

  /** Remembers who wrote. */
  received(body: unknown): void {
    const delivery = deliverySchema.safeParse(body);
    if (!delivery.success || !delivery.data.type.startsWith('message.')) return;
    const { appid, openid } = delivery.data.data;
    this.#writers.push({ appid, openid });
    if (this.#writers.length > MAX_WRITERS) this.#writers.shift();
  }

  /** Until it is stopped. Whatever fails is repeated, since the servers may be restarted meanwhile. */
  async run(receiver: DemoReceiver): Promise<void> {
    const { businesses } = this.#settings;
    await this.#untilDone(() => this.#consent());
    let state: State | undefined;
    await this.#untilDone(async () => {
      state = await this.#openState(receiver);
    });
    if (!state) return;
    const { key } = state;
    await this.#untilDone(() => this.#endSomeConsents(key));
    await this.#untilDone(async () => {
      await this.#ask('POST', `/v1/authorizers/${businesses.supermarket.appid}/follower-syncs`, key, {});
    });
    while (await this.#waits(INTERVAL_MS * (0.5 + Math.random()))) {
      await this.#callOnce(key).catch(() => {});
    }
  }

  async #untilDone(work: () => Promise<void>): Promise<void> {
    for (;;) {
      if (this.#stopping.signal.aborted) return;
      const isDone = await work().then(
        () => true,
        () => false,
      );
      if (isDone || !(await this.#waits(RETRY_INTERVAL_MS))) return;
    }
  }

  /** False: it is stopped. */
  async #waits(ms: number): Promise<boolean> {
    await pause(ms, undefined, { signal: this.#stopping.signal }).catch(() => {});
    return !this.#stopping.signal.aborted;
  }

  async #consent(): Promise<void> {
    const { businesses } = this.#settings;
    for (const { appid } of Object.values(businesses)) await this.#control('authorize', { appid });
    const quota = { path: SEND, daily: SMALL_QUOTA };
    await this.#control('quota', { appid: businesses.hotpot.appid, ...quota });
    await this.#control('quota', { appid: businesses.teahouse.appid, ...quota, daily: 3 });
  }

  /** The key and the subscriptions of an earlier start, or new ones. The receiver has another port at each start. */
  async #openState(receiver: DemoReceiver): Promise<State> {
    const { file } = this.#settings;
    if (existsSync(file)) {
      const known = readOrCreate(file, stateSchema, () => {
        throw new Error('it exists');
      });
      const answers = await Promise.all([
        this.#ask('PATCH', `/v1/subscriptions/${known.worksId}`, known.key, { url: receiver.worksUrl }),
        this.#ask('PATCH', `/v1/subscriptions/${known.failsId}`, known.key, { url: receiver.failsUrl }),
      ]);
      if (answers.every(({ status }) => status === 200)) {
        await this.#resume(known);
        return known;
      }
      // The database was emptied or the key revoked. An outage answers 503, and is waited for.
      if (answers.some(({ status }) => status >= 500)) throw new Error('the gateway is not ready');
      rmSync(file);
    }
    const { apiKey } = this.#settings;
    const made = await this.#ask('POST', '/v1/keys', apiKey, { name: '演示业务程序', scopes: SCOPES });
    const key = textOf(made.body, 'key');
    const subscribe = async (name: string, url: string, filter: object) =>
      textOf((await this.#ask('POST', '/v1/subscriptions', key, { name, url, filter })).body, 'id');
    const { businesses } = this.#settings;
    const state = {
      key,
      worksId: await subscribe('客服系统', receiver.worksUrl, {}),
      failsId: await subscribe('旧报表系统（故障）', receiver.failsUrl, {
        accounts: [businesses.supermarket.appid, businesses.gym.appid],
      }),
    };
    const { component } = this.#settings;
    // For official accounts, and for mini programs.
    for (const authType of [1, 2]) {
      await this.#ask('POST', `/v1/components/${component}/authorization-links`, key, { authType });
    }
    keep(file, state);
    return state;
  }

  /** A long failure, such as a stopped demo, may have paused them. */
  async #resume({ key, worksId, failsId }: State): Promise<void> {
    for (const id of [worksId, failsId]) await this.#ask('POST', `/v1/subscriptions/${id}/resume`, key, {});
  }

  /** One account revokes its consent. So does another, and consents again; no push reports it, so that our refresh token is void. */
  async #endSomeConsents(key: string): Promise<void> {
    const { cycling, school } = this.#settings.businesses;
    for (const { appid } of [cycling, school]) {
      const { body } = await this.#ask('GET', `/v1/authorizers/${appid}`, key);
      if (textOf(body, 'state') !== 'active') throw new Error('its consent is not known yet');
    }
    await this.#control('unauthorize', { appid: cycling.appid });
    await this.#control('unauthorize', { appid: school.appid, push: false });
    await this.#control('authorize', { appid: school.appid, push: false });
    await this.#call(key, school.appid, { method: 'GET', path: '/cgi-bin/tags/get' });
  }

  async #callOnce(key: string): Promise<void> {
    const { businesses } = this.#settings;
    const writer = this.#writers.shift();
    this.#calls += 1;
    if (writer === undefined) {
      await this.#call(key, businesses.bookshop.appid, { method: 'GET', path: '/cgi-bin/tags/get' });
      return;
    }
    const { appid, openid } = writer;
    if (this.#calls % 6 === 0) {
      const isMiniProgram = Object.values(businesses).some((one) => one.appid === appid && one.kind === 'mini-program');
      await this.#call(key, appid, isMiniProgram ? checkOf(openid) : detailsOf(openid));
      return;
    }
    const content = REPLIES[this.#calls % REPLIES.length]!;
    const send = { method: 'POST', path: SEND, body: { touser: openid, msgtype: 'text', text: { content } } };
    if (appid === businesses.teahouse.appid) await this.#sendInBackground(key, appid, send);
    else await this.#call(key, appid, send);
  }

  /** Most of them wait for the next day of the quota, until their deadline. */
  async #sendInBackground(key: string, appid: string, send: object): Promise<void> {
    if (this.#waitingCalls >= MAX_WAITING_CALLS) return;
    this.#waitingCalls += 1;
    const deadlineAt = new Date(Date.now() + DEADLINE_MS).toISOString();
    setTimeout(() => {
      this.#waitingCalls -= 1;
    }, DEADLINE_MS).unref();
    await this.#call(key, appid, { ...send, waitMs: 0, orderKey: 'thanks', deadlineAt });
  }

  async #call(key: string, appid: string, request: object): Promise<void> {
    await this.#ask('POST', `/v1/authorizers/${appid}/calls`, key, request);
  }

  #ask(method: string, path: string, key: string, body?: unknown) {
    return askJson(`${this.#settings.gatewayUrl}${path}`, { method, key, ...(body === undefined ? {} : { body }) });
  }

  async #control(what: string, body: object): Promise<void> {
    const { status } = await askJson(`${this.#settings.simulatorUrl}/_control/${what}`, { method: 'POST', body });
    if (status !== 200) throw new Error(`the simulator answers ${status}`);
  }
}

function detailsOf(openid: string): object {
  return { method: 'GET', path: '/cgi-bin/user/info', query: { openid } };
}

function checkOf(openid: string): object {
  const body = { openid, scene: 1, version: 2, content: REPLIES[0] };
  return { method: 'POST', path: '/wxa/msg_sec_check', body };
}

/** Throws if the answer has no such text. */
function textOf(body: unknown, name: string): string {
  return z.object({ [name]: z.string() }).parse(body)[name]!;
}
