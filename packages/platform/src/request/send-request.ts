import type { Transport, WeChatResponse } from '@wxthirdparty/wechat';
import { putTokenIn, type RequestTarget } from './put-token.ts';

export interface SendParts {
  readonly transport: Transport;
  /** `https://api.weixin.qq.com`, without a path. */
  readonly apiBase: string;
}

export interface TokenlessRequest extends RequestTarget {
  readonly query: readonly (readonly [name: string, value: string])[];
  readonly contentType?: string | undefined;
  readonly body?: Buffer | undefined;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Called right before the first byte; what it throws stops the request. */
  readonly beforeSend?: () => void;
}

/** Sends one request with this token, or with none of ours. */
export type Send = (token: string | undefined) => Promise<WeChatResponse>;

/** A `Send` over the transport, with the token in the query. */
export function sendOver({ transport, apiBase }: SendParts, request: TokenlessRequest): Send {
  return (token) => {
    const { method, path, query, contentType, body, timeoutMs, signal, beforeSend } = request;
    const parameters = new URLSearchParams(query.map(([name, value]): [string, string] => [name, value]));
    if (token !== undefined) putTokenIn(parameters, request, token);
    const search = parameters.toString();
    return transport.send({
      method,
      // No character of a path needs encoding (`pathFault`). The transport parses it.
      url: search === '' ? apiBase + path : `${apiBase}${path}?${search}`,
      ...(body ? { body } : {}),
      headers: contentType ? { 'content-type': contentType } : {},
      timeoutMs,
      ...(signal ? { signal } : {}),
      ...(beforeSend ? { beforeSend } : {}),
    });
  };
}
