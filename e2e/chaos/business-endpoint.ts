import { createServer, type Server } from 'node:http';
import type { DeliveryLine } from './history.ts';

/** The business program that receives pushes: it records each one and accepts it. */
export class BusinessEndpoint {
  readonly received: DeliveryLine[] = [];
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { data } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { data: { msgId: string } };
        const webhookId = String(request.headers['webhook-id']);
        this.received.push({ kind: 'delivery', at: Date.now(), webhookId, msgId: data.msgId });
        response.writeHead(204).end();
      });
    });
    this.#server.keepAliveTimeout = 65_000;
  }

  static async open(host: string, port: number): Promise<BusinessEndpoint> {
    const endpoint = new BusinessEndpoint();
    await new Promise<void>((resolve) => endpoint.#server.listen(port, host, resolve));
    return endpoint;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
