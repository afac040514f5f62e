import axios from 'axios';
import { refusal } from '../errors/refusal.ts';
import { Failure } from '../failure.ts';
import type { Answer } from '../http/answer.ts';
import type { ComponentApiOptions, SendOptions } from './component-api.ts';
import { throughTransport } from './through-transport.ts';

interface ComponentRequest {
  /** For messages, like "fetching the component token". */
  readonly doing: string;
  /** The last part of `/cgi-bin/component/…`. */
  readonly api: string;
  /** With the component's secret in its body instead of a token. */
  readonly bySecret?: boolean;
  readonly body: Readonly<Record<string, unknown>>;
}

export type Fields = Readonly<Record<string, unknown>>;
/** Posts one request to the component API; throws a Failure unless WeChat accepted it. */
export type Ask = (request: ComponentRequest, options: SendOptions | undefined) => Promise<Fields>;

export function openAsk({ transport, apiBase, timeoutMs = 10_000, carrier }: ComponentApiOptions): Ask {
  const client = axios.create({
    baseURL: `${apiBase.replace(/\/+$/, '')}/cgi-bin/component/`,
    // The transport reports its own errors: no status is an error to axios, and it does not change bodies.
    validateStatus: () => true,
    transformRequest: [(data) => JSON.stringify(data)],
    transformResponse: [(data) => data],
  });
  return async ({ doing, api, bySecret = false, body }, options = {}) => {
    const { signal } = options;
    const component = String(body.component_appid);
    const answer = await carrier.carry(
      { component, path: `/cgi-bin/component/${api}`, bySecret, signal },
      async (componentToken) => {
        let host: string | undefined;
        const { status, data } = await client.post<Buffer>(api, body, {
          adapter: throughTransport(transport, timeoutMs, options, (response) => {
            host = response.host;
          }),
          // The only name that all component APIs read (protocol §3.0).
          params: componentToken === undefined ? {} : { component_access_token: componentToken },
        });
        return { status, headers: {}, body: data, host };
      },
    );
    return acceptedFields(answer, doing);
  };
}

/** Throws a Failure unless WeChat accepted the request. `doing` is for messages, like "fetching the component token". */
export function acceptedFields(answer: Answer, doing: string): Fields {
  if (answer.kind === 'broken') {
    const why = `${answer.why}, HTTP ${answer.status}`;
    throw answer.malformed ? unreadableAnswer(doing, why) : brokenAnswer(doing, why);
  }
  if (answer.kind !== 'json' || !isFields(answer.value)) throw unreadableAnswer(doing, 'not an object');
  if (answer.errcode !== 0) throw refusal(answer, doing);
  return answer.value;
}

/** The answer may not be from the API: it is empty, a page, or an error of a proxy. */
function brokenAnswer(doing: string, why: string): Failure {
  return new Failure('wechat_broken_answer', 'retry', `WeChat's answer to ${doing} is broken: ${why}`);
}

/** The API answered, but not as documented. It is likely to answer the same again. */
export class UnreadableAnswer extends Failure {
  override readonly name = 'UnreadableAnswer';
}

export function unreadableAnswer(doing: string, why: string): UnreadableAnswer {
  return new UnreadableAnswer('wechat_broken_answer', 'retry', `WeChat's answer to ${doing} is broken: ${why}`);
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
