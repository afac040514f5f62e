import type { Dispatcher } from 'undici';
import { afterReading } from '../deadline.ts';
import { ConnectFailure, type OutboundConnections, type OutboundHandler } from './outbound-connections.ts';
import type { OutboundFailureCode, OutboundRequest, OutboundResult } from './outbound-request.ts';
import type { ReceiverAddress } from './receiver-address.ts';

/** Of an answer that is not read, so that its connection can be used again. */
const MAX_DISCARDED_BYTES = 64 * 1024;
const DISCARD_TIMEOUT_MS = 1_000;
/** An answer in tiny pieces must not cost many times its size. */
const MAX_PIECES = 256;

/** One request and its answer. */
export class OutboundExchange implements OutboundHandler {
  readonly #connections: OutboundConnections;
  readonly #receiver: ReceiverAddress;
  readonly #request: OutboundRequest;
  readonly #resolve: (result: OutboundResult) => void;
  readonly #startedAt = performance.now();
  readonly #onAbort = () => this.#end({ kind: 'aborted' });
  /** Of the request, and then of discarding the rest of its answer. */
  #cancelTimer: () => void;
  #controller: Dispatcher.DispatchController | undefined;
  #reused = false;
  #settled = false;
  #status = 0;
  #headers: Readonly<Record<string, string>> = {};
  #pieces: Buffer[] = [];
  #size = 0;

  constructor(
    connections: OutboundConnections,
    receiver: ReceiverAddress,
    request: OutboundRequest,
    resolve: (result: OutboundResult) => void,
  ) {
    this.#connections = connections;
    this.#receiver = receiver;
    this.#request = request;
    this.#resolve = resolve;
    this.#cancelTimer = afterReading(request.timeoutMs, () => this.#fail('timeout'));
    request.signal.addEventListener('abort', this.#onAbort);
  }

  /** `fresh`: not by a connection that has been used before. */
  start(fresh = false): void {
    const { protocol, authority, path } = this.#receiver;
    const { method = 'POST', headers, body = null } = this.#request;
    const options: Dispatcher.DispatchOptions = {
      origin: `${protocol}://${authority}`,
      path,
      method,
      headers: { 'user-agent': 'wxthirdparty', ...headers },
      body,
    };
    this.#connections.dispatch(options, this, fresh);
  }

  onConnection(reused: boolean): void {
    this.#reused = reused;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // An error thrown here prevents the request from being sent.
    if (this.#settled) throw new Error('the request has ended');
    this.#controller = controller;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHeaders): void {
    if (status < 200 || this.#settled) return;
    this.#status = status;
    this.#headers = flat(headers);
    if (this.#request.maxAnswerBytes > 0) return;
    this.#settle(this.#answer(false));
    // A short answer is read to its end; the connection of another one is closed.
    this.#cancelTimer = afterReading(DISCARD_TIMEOUT_MS, () => this.#close());
  }

  onResponseData(_controller: Dispatcher.DispatchController, piece: Buffer): void {
    const { maxAnswerBytes } = this.#request;
    this.#size += piece.length;
    if (this.#settled) {
      if (this.#size > MAX_DISCARDED_BYTES) this.#close();
      return;
    }
    this.#pieces.push(piece);
    if (this.#size > maxAnswerBytes) this.#end(this.#answer(true));
    else if (this.#pieces.length === MAX_PIECES) this.#pieces = [Buffer.concat(this.#pieces)];
  }

  onResponseEnd(): void {
    if (this.#settled) this.#cancelTimer();
    else this.#settle(this.#answer(false));
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#settled) this.#cancelTimer();
    else if (error instanceof ConnectFailure) this.#fail(error.failure);
    // The receiver closed a connection that was idle, which is no failure of it. A repetition is harmless: at least once.
    else if (this.#reused && this.#status === 0) this.start(true);
    else this.#fail('no_connection');
  }

  #answer(cut: boolean): OutboundResult {
    const body = Buffer.concat(this.#pieces, cut ? this.#request.maxAnswerBytes : this.#size);
    return { kind: 'answered', status: this.#status, headers: this.#headers, body, cut, ms: this.#ms() };
  }

  #fail(code: OutboundFailureCode): void {
    this.#end({ kind: 'failed', code, ms: this.#ms() });
  }

  /** Does not wait for the rest of the request or of its answer. */
  #end(result: OutboundResult): void {
    this.#settle(result);
    this.#close();
  }

  #settle(result: OutboundResult): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#cancelTimer();
    this.#request.signal.removeEventListener('abort', this.#onAbort);
    this.#resolve(result);
  }

  #close(): void {
    this.#controller?.abort(new Error('the rest is not needed'));
  }

  #ms(): number {
    return Math.round(performance.now() - this.#startedAt);
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
