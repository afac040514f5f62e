import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import tls from 'node:tls';
import { Failure } from '@wxthirdparty/wechat';
import type { CheckedAddresses } from './checked-addresses.ts';
import type { OutboundFailureCode } from './outbound-request.ts';

const CONNECT_TIMEOUT_MS = 3_000;
/** Of one address, if there is another one. */
const ADDRESS_TIMEOUT_MS = 1_000;
const IDLE_TIMEOUT_MS = 30_000;
const MAX_IDLE_PER_RECEIVER = 32;
/** With more sockets than this, a request closes its own, so that thousands of receivers do not use up the descriptors. */
const MAX_KEPT_SOCKETS = 1_000;

/** No connection was made. */
export class ConnectFailure extends Error {
  override readonly name = 'ConnectFailure';
  readonly code: OutboundFailureCode;

  constructor(code: OutboundFailureCode, cause: unknown) {
    super('no connection', { cause });
    this.code = code;
  }
}

interface Target {
  readonly protocol: 'http' | 'https';
  readonly host: string;
  readonly port: number;
}

/**
 * The sockets to receivers. Each is connected to an address that was checked for it. The number of requests at a time is
 * bounded by their senders, not here: no request waits for the socket of another one.
 */
export class OutboundConnections {
  readonly #addresses: CheckedAddresses;
  readonly #kept: Readonly<Record<'http' | 'https', http.Agent>>;
  readonly #once: Readonly<Record<'http' | 'https', http.Agent>>;
  readonly #open = new Set<net.Socket>();
  #closed = false;

  constructor(addresses: CheckedAddresses) {
    this.#addresses = addresses;
    const kept = { keepAlive: true, timeout: IDLE_TIMEOUT_MS, maxFreeSockets: MAX_IDLE_PER_RECEIVER };
    this.#kept = { http: this.#agent(new http.Agent(kept)), https: this.#agent(new https.Agent(kept)) };
    const once = { keepAlive: false };
    this.#once = { http: this.#agent(new http.Agent(once)), https: this.#agent(new https.Agent(once)) };
  }

  /** `fresh`: with a new connection, which no other request uses. */
  agentFor(protocol: 'http' | 'https', fresh: boolean): http.Agent {
    return (fresh || this.#open.size >= MAX_KEPT_SOCKETS ? this.#once : this.#kept)[protocol];
  }

  close(): void {
    this.#closed = true;
    for (const socket of this.#open) socket.destroy();
  }

  #agent(agent: http.Agent): http.Agent {
    const protocol = agent instanceof https.Agent ? 'https' : 'http';
    agent.createConnection = ({ host, port }, callback) => {
      this.#connect({ protocol, host: host ?? '', port: Number(port) }).then(
        (socket) => callback?.(null, socket),
        // The type asks for a socket even where there is an error.
        (error: Error) => callback?.(error, new net.Socket()),
      );
      return undefined;
    };
    return agent;
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
      const timer = setTimeout(() => socket.destroy(new Error('connect timeout')), CONNECT_TIMEOUT_MS);
      const failed = (cause?: Error) => {
        clearTimeout(timer);
        reject(new ConnectFailure(isUntrusted(socket) ? 'bad_certificate' : 'no_connection', cause));
      };
      socket.once(protocol === 'https' ? 'secureConnect' : 'connect', () => {
        clearTimeout(timer);
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
