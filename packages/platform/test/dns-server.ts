import { createSocket, type Socket } from 'node:dgram';
import type { AddressInfo } from 'node:net';

/** The addresses of a name; `silent`: no answer at all; `refused`: an error. A CNAME is followed by its own records. */
export type DnsAnswer =
  | readonly string[]
  | 'silent'
  | 'refused'
  | { readonly cname: string; readonly addresses: readonly string[] };

const A = 1;
const CNAME = 5;
const AAAA = 28;
const REFUSED = 5;
const NXDOMAIN = 3;
/** An authoritative answer to a query with recursion. */
const ANSWER_FLAGS = 0x8580;
const TTL_S = 3_600;

/** A DNS server whose answers the test chooses, and may change. */
export class DnsServer {
  readonly answers = new Map<string, DnsAnswer>();
  /** The queries that have arrived, as `NAME TYPE`. */
  readonly asked: string[] = [];
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (query, from) => {
      const reply = this.#reply(query);
      if (reply) socket.send(reply, from.port, from.address);
    });
  }

  static async open(): Promise<DnsServer> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    return new DnsServer(socket);
  }

  get server(): string {
    return `127.0.0.1:${(this.#socket.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.close(resolve));
  }

  #reply(query: Buffer): Buffer | undefined {
    const labels: string[] = [];
    let at = 12;
    for (let length = query[at]!; length > 0; length = query[at]!) {
      labels.push(query.toString('latin1', at + 1, at + 1 + length));
      at += 1 + length;
    }
    const type = query.readUInt16BE(at + 1);
    const question = query.subarray(12, at + 5);
    const name = labels.join('.').toLowerCase();
    this.asked.push(`${name} ${type === A ? 'A' : type === AAAA ? 'AAAA' : type}`);
    const answer = this.answers.get(name);
    if (answer === 'silent') return undefined;
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(ANSWER_FLAGS | (answer === undefined ? NXDOMAIN : answer === 'refused' ? REFUSED : 0), 2);
    header.writeUInt16BE(1, 4);
    const records: Buffer[] = [];
    if (answer !== undefined && answer !== 'refused') {
      const [cname, addresses] = 'cname' in answer ? [answer.cname, answer.addresses] : [undefined, answer];
      if (cname !== undefined) records.push(record(nameOf(name), CNAME, nameOf(cname)));
      for (const address of addresses) {
        const bytes = address.includes(':') ? bytesOfV6(address) : Buffer.from(address.split('.').map(Number));
        if ((type === A && bytes.length === 4) || (type === AAAA && bytes.length === 16)) {
          records.push(record(nameOf(cname ?? name), type, bytes));
        }
      }
    }
    header.writeUInt16BE(records.length, 6);
    return Buffer.concat([header, question, ...records]);
  }
}

function record(name: Buffer, type: number, content: Buffer): Buffer {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt32BE(TTL_S, 4);
  fixed.writeUInt16BE(content.length, 8);
  return Buffer.concat([name, fixed, content]);
}

function nameOf(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`, 'latin1'));
  return Buffer.concat([...labels, Buffer.alloc(1)]);
}

/** All eight groups are written out. */
function bytesOfV6(address: string): Buffer {
  return Buffer.from(
    address
      .split(':')
      .map((group) => group.padStart(4, '0'))
      .join(''),
    'hex',
  );
}
