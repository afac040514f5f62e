import { Circuit } from './circuit.ts';
import { type Transport, TransportFailure, type WeChatRequest, type WeChatResponse } from './transport.ts';

/** No further host is tried after this time: a request waits for two hosts that do not answer, not for five. */
const MAX_SEARCH_MS = 7_500;
const PROBE_TIMEOUT_MS = 10_000;

export interface HostNews {
  /** Name and port. */
  readonly host: string;
  readonly reachable: boolean;
  /** Why the last connection to it failed; free of secrets. */
  readonly reason?: string;
}

export interface FailOverOptions {
  /** Addresses of the same API, without a slash at the end; requests use the first, which is preferred. */
  readonly bases: readonly string[];
  /** Called when a host is no longer used, and when it is used again. */
  readonly reportHost?: (news: HostNews) => void;
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number;
}

/**
 * Sends a request to another host if no connection to the preferred one can be made (protocol §9: all hosts serve the
 * same, and tokens are valid on all). A request that may have been sent is never sent again.
 */
export function failOver(transport: Transport, options: FailOverOptions): Transport {
  return options.bases.length > 1 ? new Hosts(transport, options) : transport;
}

interface Host {
  readonly base: string;
  readonly circuit: Circuit;
}

class Hosts implements Transport {
  readonly #transport: Transport;
  readonly #hosts: readonly Host[];
  readonly #preferred: Host;
  /** The prefix of the URLs of requests. */
  readonly #start: string;
  readonly #reportHost: (news: HostNews) => void;
  readonly #now: () => number;
  /** The number of open circuits; 0 is the fast path. */
  #open = 0;

  constructor(transport: Transport, { bases, reportHost = () => {}, now = () => performance.now() }: FailOverOptions) {
    this.#transport = transport;
    this.#hosts = bases.map((base) => ({ base, circuit: new Circuit() }));
    this.#preferred = this.#hosts[0]!;
    this.#start = `${this.#preferred.base}/`;
    this.#reportHost = reportHost;
    this.#now = now;
  }

  send(request: WeChatRequest): Promise<WeChatResponse> {
    return request.url.startsWith(this.#start) ? this.#send(request) : this.#transport.send(request);
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  async #send(request: WeChatRequest): Promise<WeChatResponse> {
    const startedAt = this.#now();
    let triedAt = startedAt;
    let tried: Set<Host> | undefined;
    for (;;) {
      const host = this.#next(triedAt, tried);
      try {
        const response = await this.#transport.send(this.#for(host, request, triedAt - startedAt));
        this.#succeeded(host, triedAt);
        return response;
      } catch (error) {
        if (!(error instanceof TransportFailure) || error.unreached !== 'host') throw error;
        this.#failed(host, triedAt, error);
        tried = (tried ?? new Set()).add(host);
        triedAt = this.#now();
        const searchedForMs = triedAt - startedAt;
        if (tried.size === this.#hosts.length || searchedForMs >= Math.min(MAX_SEARCH_MS, request.timeoutMs))
          throw error;
      }
    }
  }

  /**
   * The first host with a closed circuit. If there is none, the fault is probably ours: then the host that failed longest
   * ago.
   */
  #next(at: number, tried: ReadonlySet<Host> | undefined): Host {
    if (this.#open > 0) this.#probeThoseDue(at);
    if (tried === undefined && this.#preferred.circuit.closed) return this.#preferred;
    const untried = tried === undefined ? this.#hosts : this.#hosts.filter((host) => !tried.has(host));
    return (
      untried.find(({ circuit }) => circuit.closed) ??
      untried.reduce((a, b) => (b.circuit.failedAt < a.circuit.failedAt ? b : a))
    );
  }

  #for(host: Host, request: WeChatRequest, spentMs: number): WeChatRequest {
    if (host === this.#preferred && spentMs === 0) return request;
    const url = host.base + request.url.slice(this.#start.length - 1);
    return { ...request, url, timeoutMs: Math.ceil(request.timeoutMs - spentMs) };
  }

  #probeThoseDue(at: number): void {
    for (const host of this.#hosts) if (host.circuit.takeProbe(at)) void this.#probe(host);
  }

  /** Opens a connection and sends nothing, so that no request has to find out whether a host is reachable again. */
  async #probe(host: Host): Promise<void> {
    const startedAt = this.#now();
    const connected = new Error('connected');
    const beforeSend = () => {
      throw connected;
    };
    await this.#transport
      .send({ method: 'HEAD', url: `${host.base}/`, timeoutMs: PROBE_TIMEOUT_MS, beforeSend })
      .catch((error: unknown) => {
        if (error === connected) this.#succeeded(host, startedAt);
        else this.#failed(host, startedAt, error);
      });
  }

  #succeeded({ base, circuit }: Host, startedAt: number): void {
    if (!circuit.succeeded(startedAt, this.#now())) return;
    this.#open--;
    this.#reportHost({ host: nameOf(base), reachable: true });
  }

  #failed({ base, circuit }: Host, startedAt: number, error: unknown): void {
    if (!circuit.failed(startedAt, this.#now())) return;
    this.#open++;
    const cause = error instanceof TransportFailure ? error.cause : undefined;
    const reason = cause instanceof Error ? cause.message : 'no connection';
    this.#reportHost({ host: nameOf(base), reachable: false, reason });
  }
}

function nameOf(base: string): string {
  return new URL(base).host;
}
