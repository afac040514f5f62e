import { Failure } from '../failure.ts';

export interface WeChatRequest {
  readonly method: string;
  /** Absolute, with query. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** For the whole request, from connecting to the last byte of the answer. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Called once right before the first byte is sent; if it throws, nothing is sent. */
  readonly beforeSend?: () => void;
}

export interface WeChatResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Name and port of the host that answered. */
  readonly host?: string | undefined;
}

/** Sends requests to WeChat; it knows neither tokens nor the meaning of an answer. */
export interface Transport {
  /** Throws TransportFailure, or the error that `beforeSend` threw. */
  send(request: WeChatRequest): Promise<WeChatResponse>;
  /** Aborts the running requests. */
  close(): Promise<void>;
}

/** There was no complete answer. The message contains neither the query nor the body: both carry tokens. */
export class TransportFailure extends Failure {
  override readonly name = 'TransportFailure';
  /** `no`: certainly nothing reached WeChat. `maybe`: WeChat may have acted. */
  readonly sent: 'no' | 'maybe';
  /** The end to which no connection could be made, so that `sent` is `no`. Undefined: there was a connection, or the request ended earlier. */
  readonly unreached: 'host' | 'proxy' | undefined;
  /** Name and port of the host that was asked last. */
  readonly host: string | undefined;

  constructor(
    code: 'wechat_unreachable' | 'wechat_timeout',
    sent: 'no' | 'maybe',
    message: string,
    {
      cause,
      unreached,
      host,
    }: { cause?: unknown; unreached?: 'host' | 'proxy' | undefined; host?: string | undefined } = {},
  ) {
    super(code, 'retry', message, { cause });
    this.sent = sent;
    this.unreached = unreached;
    this.host = host;
  }
}
