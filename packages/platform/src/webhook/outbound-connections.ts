import net from 'node:net';
import tls from 'node:tls';
import { Failure } from '@wxthirdparty/wechat';
import { Agent, Client, type Dispatcher, Pool } from 'undici';
import { afterReading } from '../deadline.ts';
import type { CheckedAddresses } from './checked-addresses.ts';
import type { OutboundFailureCode } from './outbound-request.ts';
import type { ReceiverAddress } from './receiver-address.ts';

const CONNECT_TIMEOUT_MS = 3_000;
/** Of one address, if there is another one. */
const ADDRESS_TIMEOUT_MS = 1_000;
const IDLE_TIMEOUT_MS = 30_000;
/** With more sockets than this, a request closes its own, so that thousands of receivers do not use up the descriptors. */
const MAX_KEPT_SOCKETS = 1_000;

/** No connection was made. It has no `code`: undici decides by some of them. */
export class ConnectFailure extends Error {
  override readonly name = 'ConnectFailure';
  readonly failure: OutboundFailureCode;

  constructor(failure: OutboundFailureCode, cause: unknown) {
    super('no connection', { cause });
    this.failure = failure;
  }
}

export interface OutboundHandler extends Dispatcher.DispatchHandler {
  /** Right after the dispatch. `reused`: the connection has served another request before. */
  onConnection(reused: boolean): void;
}

type Target = Pick<ReceiverAddress, 'protocol' | 'host' | 'port'>;

/**
 * The sockets to receivers. Each is connected to an address that was checked for it. The number of requests at a time is
 * bounded by their senders, not here: no request waits for the socket of another one.
 */
export class OutboundConnections {
  readonly #addresses: CheckedAddresses;
  readonly #kept: Agent;
  readonly #once: Agent;
  readonly #open = new Set<net.Socket>();
  #closed = false;

  constructor(addresses: CheckedAddresses) {
    this.#addresses = addresses;
    const settings: Agent.Options = {
      connect: ({ protocol, hostname, port }, callback) => {
        this.#connect(targetOf(protocol, hostname, port)).then(
          (socket) => callback(null, socket),
          (error: Error) => callback(error, null),
        );
      },
      allowH2: false,
      // An OutboundExchange has a timeout for the whole request.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: IDLE_TIMEOUT_MS,
      keepAliveMaxTimeout: IDLE_TIMEOUT_MS,
      factory: (origin, options) => new Pool(origin, { ...options, factory: newClient }),
    };
    this.#kept = new Agent({ ...settings, pipelining: 1 });
    // 0: each request has a connection of its own.
    this.#once = new Agent({ ...settings, pipelining: 0 });
  }

  /** `fresh`: by a connection that no other request has used. */
  dispatch(options: Dispatcher.DispatchOptions, handler: OutboundHandler, fresh: boolean): void {
    (fresh || this.#open.size >= MAX_KEPT_SOCKETS ? this.#once : this.#kept).dispatch(options, handler);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const socket of this.#open) socket.destroy();
    await Promise.all([this.#kept.destroy(), this.#once.destroy()]);
  }

  async #connect({ protocol, host, port }: Target): Promise<net.Socket> {
    const isLiteral = net.isIP(host) !== 0;
    const addresses = await this.#addresses.of({ protocol, host, isLiteral }).catch((error: unknown) => {
      throw new ConnectFailure(codeOf(error), error);
    });
    if (this.#closed) throw new ConnectFailure('no_connection', undefined);
    return new Promise((resolve, reject) => {
      const socket = open(protocol, { host, port, addresses, isLiteral });
      this.#open.add(socket);
      const cancelTimer = afterReading(CONNECT_TIMEOUT_MS, () => socket.destroy(new Error('connect timeout')));
      const failed = (cause?: Error) => {
        cancelTimer();
        reject(new ConnectFailure(isUntrusted(socket) ? 'bad_certificate' : 'no_connection', cause));
      };
      socket.once(protocol === 'https' ? 'secureConnect' : 'connect', () => {
        cancelTimer();
        socket.setNoDelay(true);
        resolve(socket);
      });
      // Stays, because the request listens a moment later.
      socket.on('error', failed);
      socket.once('close', () => {
        this.#open.delete(socket);
        failed();
      });
    });
  }
}

/** One connection after the other; it knows whether the present one has served a request. */
class CountingClient extends Client {
  #served = 0;

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    if (isOutbound(handler)) handler.onConnection(this.#served++ > 0);
    return super.dispatch(options, handler);
  }

  forget(): void {
    this.#served = 0;
  }
}

function newClient(origin: URL, options: object): Dispatcher {
  const client = new CountingClient(origin, options);
  const forget = () => client.forget();
  return client.on('disconnect', forget).on('connectionError', forget);
}

function isOutbound(handler: Dispatcher.DispatchHandler): handler is OutboundHandler {
  return 'onConnection' in handler;
}

function targetOf(scheme: string, hostname: string, port: string): Target {
  const protocol = scheme === 'https:' ? 'https' : 'http';
  return {
    protocol,
    host: hostname.replace(/\.$/, ''),
    port: port === '' ? (protocol === 'https' ? 443 : 80) : Number(port),
  };
}

interface Connection {
  readonly host: string;
  readonly port: number;
  readonly addresses: readonly string[];
  readonly isLiteral: boolean;
}

function open(protocol: 'http' | 'https', { host, port, addresses, isLiteral }: Connection): net.Socket {
  const options = {
    host,
    port,
    // Called for names only. Whatever it is asked, the connection goes to a checked address.
    lookup: ((_name, _options, callback) =>
      callback(
        null,
        addresses.map((address) => ({ address, family: net.isIP(address) })),
      )) satisfies net.LookupFunction,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: ADDRESS_TIMEOUT_MS,
  };
  if (protocol === 'http') return net.connect(options);
  // An address is no server name, but the certificate has to name it all the same.
  const servername = isLiteral ? {} : { servername: host };
  // NODE_TLS_REJECT_UNAUTHORIZED does not count here.
  return tls.connect({ ...options, ...servername, rejectUnauthorized: true, ALPNProtocols: ['http/1.1'] });
}

function isUntrusted(socket: net.Socket): boolean {
  return socket instanceof tls.TLSSocket && Boolean(socket.authorizationError);
}

function codeOf(error: unknown): OutboundFailureCode {
  if (error instanceof Failure && error.code === 'address_not_allowed') return 'address_not_allowed';
  return 'address_unresolved';
}
