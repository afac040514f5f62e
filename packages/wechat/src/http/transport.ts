import { Failure } from '../failure.ts';

export interface WeChatRequest {
  readonly method: string;
  /** Whole, with query. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** For everything: connecting, sending, and the last byte of the answer. */
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
}

/** The one way to WeChat; it knows no tokens and no meaning. */
export interface Transport {
  /** Throws TransportFailure, or the error that `beforeSend` threw. */
  send(request: WeChatRequest): Promise<WeChatResponse>;
  /** Cuts what still runs. */
  close(): Promise<void>;
}

/** No whole answer came. The message names neither the query nor the body: both carry tokens. */
export class TransportFailure extends Failure {
  override readonly name = 'TransportFailure';
  /** `no`: surely nothing reached WeChat. `maybe`: it may have acted. */
  readonly sent: 'no' | 'maybe';
  /** Whom no connection could be made to, so that `sent` is `no`. Undefined: one was there, or was not waited for. */
  readonly unreached: 'host' | 'proxy' | undefined;

  constructor(
    code: 'wechat_unreachable' | 'wechat_timeout',
    sent: 'no' | 'maybe',
    message: string,
    { cause, unreached }: { cause?: unknown; unreached?: 'host' | 'proxy' | undefined } = {},
  ) {
    super(code, 'retry', message, { cause });
    this.sent = sent;
    this.unreached = unreached;
  }
}
