import type { AxiosAdapter, AxiosResponse } from 'axios';
import type { Transport, WeChatResponse } from '../http/transport.ts';
import type { SendOptions } from './component-api.ts';

/**
 * Makes axios send through our transport. Signal and hook are not part of axios's configuration, because its errors
 * contain that configuration with URL and token. `received` is called with each answer, since axios has no place for its host.
 */
export function throughTransport(
  transport: Transport,
  timeoutMs: number,
  options: SendOptions,
  received: (response: WeChatResponse) => void,
): AxiosAdapter {
  return async (config): Promise<AxiosResponse<Buffer>> => {
    const response = await transport.send({
      ...options,
      method: (config.method ?? 'get').toUpperCase(),
      url: `${config.baseURL}${config.url}?${new URLSearchParams(config.params)}`.replace(/\?$/, ''),
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(config.data),
      timeoutMs,
    });
    received(response);
    const { status, headers, body } = response;
    return { data: body, status, statusText: '', headers, config };
  };
}
