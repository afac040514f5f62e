import type { AxiosAdapter, AxiosResponse } from 'axios';
import type { Transport } from '../http/transport.ts';
import type { SendOptions } from './component-api.ts';

/**
 * Lets axios ask through our transport. Signal and hook travel beside axios's own configuration: its errors carry
 * that configuration, URL and token included.
 */
export function throughTransport(transport: Transport, timeoutMs: number, asking: SendOptions): AxiosAdapter {
  return async (config): Promise<AxiosResponse<Buffer>> => {
    const { status, headers, body } = await transport.send({
      ...asking,
      method: (config.method ?? 'get').toUpperCase(),
      url: `${config.baseURL}${config.url}?${new URLSearchParams(config.params)}`.replace(/\?$/, ''),
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(config.data),
      timeoutMs,
    });
    return { data: body, status, statusText: '', headers, config };
  };
}
