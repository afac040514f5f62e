import http from 'node:http';
import { ConnectFailure, type OutboundConnections } from './outbound-connections.ts';
import type { OutboundFailureCode, OutboundRequest, OutboundResult } from './outbound-request.ts';
import type { ReceiverAddress } from './receiver-address.ts';

/** Of an answer that is not read, so that its connection can be used again. */
const MAX_DISCARDED_BYTES = 64 * 1024;
const DISCARD_TIMEOUT_MS = 1_000;
/** An answer in tiny pieces must not cost many times its size. */
const MAX_PIECES = 256;

/** One request and its answer. */
export class OutboundExchange {
  readonly #connections: OutboundConnections;
  readonly #receiver: ReceiverAddress;
  readonly #request: OutboundRequest;
  readonly #resolve: (result: OutboundResult) => void;
  readonly #startedAt = performance.now();
  readonly #timer: NodeJS.Timeout;
  readonly #onAbort = () => this.#settle({ kind: 'aborted' });
  #outgoing: http.ClientRequest | undefined;
  #answering = false;
  #settled = false;

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
    this.#timer = setTimeout(() => this.#fail('timeout'), request.timeoutMs);
    request.signal.addEventListener('abort', this.#onAbort);
  }

  /** `fresh`: not by a connection that has been used before. */
  start(fresh = false): void {
    const { protocol, host, port, authority, path } = this.#receiver;
    const { method = 'POST', headers, body } = this.#request;
    const outgoing = http.request({
      protocol: `${protocol}:`,
      host,
      port,
      path,
      method,
      agent: this.#connections.agentFor(protocol, fresh),
      headers: {
        host: authority,
        'user-agent': 'wxthirdparty',
        ...headers,
        ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
      },
    });
    this.#outgoing = outgoing;
    outgoing.on('error', (error) => this.#broken(error, outgoing));
    outgoing.on('response', (response) => this.#answered(response, outgoing));
    // 101: without this listener the request would never end.
    outgoing.on('upgrade', (_response, socket) => {
      socket.destroy();
      this.#fail('no_connection');
    });
    outgoing.end(body);
  }

  #broken(error: Error, outgoing: http.ClientRequest): void {
    if (this.#settled) return;
    if (error instanceof ConnectFailure) this.#fail(error.code);
    // The receiver closed a connection that was idle, which is no failure of it. A repetition is harmless: at least once.
    else if (outgoing.reusedSocket && !this.#answering) this.start(true);
    else this.#fail('no_connection');
  }

  #answered(response: http.IncomingMessage, outgoing: http.ClientRequest): void {
    this.#answering = true;
    const { maxAnswerBytes } = this.#request;
    const headers = flat(response.headers);
    const answer = (body: Buffer, cut: boolean) => {
      const status = response.statusCode ?? 0;
      this.#settle({ kind: 'answered', status, headers, body, cut, ms: this.#ms() }, !cut);
    };
    response.on('error', (error) => this.#broken(error, outgoing));
    if (maxAnswerBytes === 0) {
      answer(Buffer.alloc(0), false);
      discard(response);
      return;
    }
    let pieces: Buffer[] = [];
    let size = 0;
    response.on('data', (piece: Buffer) => {
      pieces.push(piece);
      size += piece.length;
      if (size > maxAnswerBytes) answer(Buffer.concat(pieces, maxAnswerBytes), true);
      else if (pieces.length === MAX_PIECES) pieces = [Buffer.concat(pieces)];
    });
    response.on('end', () => answer(Buffer.concat(pieces), false));
  }

  #fail(code: OutboundFailureCode): void {
    this.#settle({ kind: 'failed', code, ms: this.#ms() });
  }

  /** `isComplete`: the answer has ended, or is ended elsewhere. */
  #settle(result: OutboundResult, isComplete = false): void {
    if (this.#settled) return;
    this.#settled = true;
    clearTimeout(this.#timer);
    this.#request.signal.removeEventListener('abort', this.#onAbort);
    if (!isComplete) this.#outgoing?.destroy();
    this.#resolve(result);
  }

  #ms(): number {
    return Math.round(performance.now() - this.#startedAt);
  }
}

/** Reads a short answer to its end; the connection of another one is closed. */
function discard(response: http.IncomingMessage): void {
  const timer = setTimeout(() => response.destroy(), DISCARD_TIMEOUT_MS);
  let size = 0;
  response.on('data', (piece: Buffer) => {
    size += piece.length;
    if (size > MAX_DISCARDED_BYTES) response.destroy();
  });
  response.on('close', () => clearTimeout(timer));
}

function flat(headers: http.IncomingHttpHeaders): Record<string, string> {
  const all: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) all[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return all;
}
