import { onTestFinished } from 'vitest';
import { type Simulator, type SimulatorSettings, startSimulator } from '../src/index.ts';
import { type Receiver, startReceiver } from './receiver.ts';

export const COMPONENT = 'wx0123456789abcdef';
export const SECRET = 'a-secret-of-the-component';
export const OFFICIAL = 'wx00000000000000a1';
export const MINI = 'wx00000000000000b2';
export const TOKEN = 'practisetoken';
export const KEY = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG';

// biome-ignore lint/suspicious/noExplicitAny: answers of WeChat are read member by member.
export type Json = any;

export interface OpenSimulator {
  readonly simulator: Simulator;
  readonly receiver: Receiver;
  /** Calls the control API; throws for a status other than 200. */
  control(label: string, body?: object): Promise<Json>;
  get(path: string, query?: Record<string, string>): Promise<Json>;
  post(path: string, query: Record<string, string>, body: object | string): Promise<Json>;
  /** Pushes a ticket and fetches a component token with it. */
  componentToken(): Promise<string>;
  /** Consents and exchanges the code. */
  authorize(appid?: string, funcIds?: number[]): Promise<{ access: string; refresh: string; component: string }>;
  ticket(): Promise<string>;
  askForComponentToken(ticket: string): Promise<Json>;
}

/** A simulator and a platform's receiver, both until the end of the test. */
export async function openSimulator(changes: Partial<SimulatorSettings> = {}): Promise<OpenSimulator> {
  const receiver = await startReceiver(TOKEN, KEY);
  const simulator = await startSimulator({
    components: [
      {
        appid: COMPONENT,
        appsecret: SECRET,
        token: TOKEN,
        encodingAesKey: KEY,
        eventUrl: `${receiver.url}/events`,
        messageUrl: `${receiver.url}/messages/$APPID$`,
      },
    ],
    accounts: [
      { appid: OFFICIAL, kind: 'official-account', nickName: '服务号', followers: 25 },
      { appid: MINI, kind: 'mini-program', nickName: '小程序', followers: 3 },
    ],
    ticketOnStart: false,
    ...changes,
  });
  onTestFinished(async () => {
    await simulator.close();
    await receiver.close();
  });

  const get = async (path: string, query: Record<string, string> = {}) =>
    (await (await fetch(`${simulator.url}${path}?${new URLSearchParams(query)}`)).json()) as Json;
  const post = async (path: string, query: Record<string, string>, body: object | string) => {
    const response = await fetch(`${simulator.url}${path}?${new URLSearchParams(query)}`, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    return (await response.json()) as Json;
  };
  const control = async (label: string, body?: object) => {
    const [method = 'GET', path = ''] = label.split(' ');
    const response = await fetch(`${simulator.url}/_control${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as Json;
    if (response.status !== 200) throw new Error(`${response.status} ${answer.error}`);
    return answer;
  };
  const ticket = async () => {
    await control('POST /tick', { ticket: 'new' });
    return (await control('GET /secrets')).tickets.at(-1) as string;
  };
  const askForComponentToken = (value: string) =>
    post(
      '/cgi-bin/component/api_component_token',
      {},
      { component_appid: COMPONENT, component_appsecret: SECRET, component_verify_ticket: value },
    );
  const componentToken = async () => (await askForComponentToken(await ticket())).component_access_token as string;
  const authorize = async (appid = OFFICIAL, funcIds?: number[]) => {
    const component = await componentToken();
    const { code } = await control('POST /authorize', { appid, ...(funcIds ? { funcIds } : {}) });
    const answer = await post(
      '/cgi-bin/component/api_query_auth',
      { component_access_token: component },
      { component_appid: COMPONENT, authorization_code: code },
    );
    const info = answer.authorization_info;
    return { access: info.authorizer_access_token, refresh: info.authorizer_refresh_token, component };
  };
  return { simulator, receiver, control, get, post, componentToken, authorize, ticket, askForComponentToken };
}

/** Waits for a condition, never for a fixed time. */
export async function until<T>(condition: () => T | Promise<T>, timeoutMs = 60_000): Promise<NonNullable<T>> {
  const startedAt = performance.now();
  for (;;) {
    const seen = await condition();
    if (seen) return seen as NonNullable<T>;
    if (performance.now() - startedAt > timeoutMs) throw new Error('the condition was not met in time');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
