import type { Dispatcher } from 'undici';
import { NoConnection } from './no-connection.ts';
import { TransportFailure, type WeChatRequest, type WeChatResponse } from './transport.ts';

const MAX_ANSWER_BYTES = 25 * 1024 * 1024;
/** A request of this size is written in one call, completely or not at all. */
const MAX_SINGLE_WRITE_BYTES = 8 * 1024;
const MAX_SOCKETS_LOST = 3;

/** One request in flight; it always knows whether a part of it may have reached WeChat. */
export class OutgoingRequest implements Dispatcher.DispatchHandler {
  readonly #request: WeChatRequest;
  readonly #resolve: (response: WeChatResponse) => void;
  readonly #reject: (error: unknown) => void;
  readonly #timer: NodeJS.Timeout;
  readonly #onAbort = () => this.#abort('wechat_timeout', 'the caller aborted the request');
  #sent: 'no' | 'maybe' = 'no';
  #writing = false;
  #settled = false;
  #dispatcher: Dispatcher | undefined;
  #socketsLost = 0;
  #controller: Dispatcher.DispatchController | undefined;
  #host: string | undefined;
  #status = 0;
  #headers: Readonly<Record<string, string>> = {};
  #chunks: Buffer[] = [];
  #size = 0;

  constructor(request: WeChatRequest, resolve: (response: WeChatResponse) => void, reject: (error: unknown) => void) {
    this.#request = request;
    this.#resolve = resolve;
    this.#reject = reject;
    const timeOut = () => {
      if (!this.#settled) this.#abort('wechat_timeout', `no complete answer within ${request.timeoutMs} ms`);
    };
    // An answer that arrived while this process did not run is read first.
    this.#timer = setTimeout(() => setImmediate(timeOut), request.timeoutMs);
    request.signal?.addEventListener('abort', this.#onAbort);
  }

  sendBy(dispatcher: Dispatcher): void {
    this.#dispatcher = dispatcher;
    if (this.#request.signal?.aborted) this.#onAbort();
    else this.#dispatch(dispatcher);
  }

  #dispatch(dispatcher: Dispatcher): void {
    const { method, url, headers = {}, body = null } = this.#request;
    try {
      const { origin, host, pathname, search } = new URL(url);
      this.#host = host;
      const options = { origin, path: pathname + search, method: method as Dispatcher.HttpMethod, headers, body };
      dispatcher.dispatch(options, this);
    } catch (error) {
      this.#fail('wechat_unreachable', error);
    }
  }

  /** Undici calls this when it has a socket, in the same tick as it writes. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    // An error thrown here prevents the request from being sent.
    if (this.#settled) throw new Error('aborted');
    try {
      this.#request.beforeSend?.();
    } catch (error) {
      this.#settle(() => this.#reject(error));
      throw error;
    }
    this.#controller = controller;
    this.#sent = 'maybe';
    this.#writing = true;
    setImmediate(() => {
      this.#writing = false;
    });
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHeaders): void {
    if (status < 200) return;
    this.#status = status;
    this.#headers = flat(headers);
    if (Number(this.#headers['content-length']) > MAX_ANSWER_BYTES) this.#tooLarge();
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#settled) return;
    this.#size += chunk.length;
    if (this.#size > MAX_ANSWER_BYTES) this.#tooLarge();
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    const [first, ...more] = this.#chunks;
    const body = first === undefined ? Buffer.alloc(0) : more.length === 0 ? first : Buffer.concat(this.#chunks);
    this.#settle(() => this.#resolve({ status: this.#status, headers: this.#headers, body, host: this.#host }));
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#settled) return;
    if (error instanceof NoConnection) {
      const { cause, unreached } = error;
      const late = codeOf(cause) === 'UND_ERR_CONNECT_TIMEOUT';
      this.#fail(late ? 'wechat_timeout' : 'wechat_unreachable', cause, this.#sent === 'no' ? unreached : undefined);
      return;
    }
    if (this.#sent === 'no' && codeOf(error) === 'ECONNRESET' && this.#socketsLost < MAX_SOCKETS_LOST) {
      // Undici fails the requests that wait for an idle socket that was reset. They can use another socket.
      this.#socketsLost++;
      if (this.#dispatcher !== undefined) {
        this.#dispatch(this.#dispatcher);
        return;
      }
    }
    if (this.#writing && wasRefusedByTheKernel(error) && (this.#request.body?.length ?? 0) <= MAX_SINGLE_WRITE_BYTES) {
      // An idle socket had just been reset: the write failed completely, before anything was sent.
      this.#sent = 'no';
    }
    this.#fail('wechat_unreachable', error);
  }

  #tooLarge(): void {
    this.#abort('wechat_unreachable', `the answer is larger than ${MAX_ANSWER_BYTES} bytes`);
  }

  #abort(code: 'wechat_unreachable' | 'wechat_timeout', why: string): void {
    this.#settle(() =>
      this.#reject(new TransportFailure(code, this.#sent, `${this.#doing()}: ${why}`, { host: this.#host })),
    );
    this.#controller?.abort(new Error(why));
  }

  #fail(code: 'wechat_unreachable' | 'wechat_timeout', error: unknown, unreached?: 'host' | 'proxy'): void {
    const message = `${this.#doing()}: ${codeOf(error) ?? 'the connection failed'}`;
    const cause = new Error(withoutSecrets(error));
    this.#settle(() =>
      this.#reject(new TransportFailure(code, this.#sent, message, { cause, unreached, host: this.#host })),
    );
  }

  #settle(report: () => void): void {
    if (this.#settled) return;
    this.#settled = true;
    clearTimeout(this.#timer);
    this.#request.signal?.removeEventListener('abort', this.#onAbort);
    report();
  }

  /** Method, host and path: the query carries tokens. */
  #doing(): string {
    const { method, url } = this.#request;
    if (!URL.canParse(url)) return `${method} of an invalid URL`;
    const { host, pathname } = new URL(url);
    return `${method} ${host}${pathname}`;
  }
}

type IncomingHeaders = Readonly<Record<string, string | string[] | undefined>>;

function flat(headers: IncomingHeaders): Record<string, string> {
  const all: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) all[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  }
  return all;
}

function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

function wasRefusedByTheKernel(error: Error): boolean {
  return 'syscall' in error && error.syscall === 'write' && ['EPIPE', 'ECONNRESET'].includes(codeOf(error) ?? '');
}

/** Errors of URL parsing and of proxies quote their input; those of sockets contain at most an address. */
function withoutSecrets(error: unknown): string {
  const code = codeOf(error);
  const harmless =
    error instanceof Error && ('syscall' in error || (code?.startsWith('UND_ERR_') && code !== 'UND_ERR_INVALID_ARG'));
  return harmless ? error.message : (code ?? 'unknown');
}
