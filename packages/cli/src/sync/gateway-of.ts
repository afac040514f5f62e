import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Failure } from '@wxthirdparty/wechat';
import { typed } from '../installation.ts';
import { root } from '../root.ts';

export interface GatewayClient {
  ask<T>(method: string, path: string, body?: unknown): Promise<{ readonly status: number; readonly body: T }>;
  /** The body of an answer as a stream. */
  stream(path: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
}

/** The gateway on this machine, on PORT, with API_KEY or the key of the demo. */
export function gatewayOf(env: NodeJS.ProcessEnv): GatewayClient {
  const host = env.HOST && env.HOST !== '0.0.0.0' && env.HOST !== '::' ? env.HOST : '127.0.0.1';
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${env.PORT || 3000}`;
  const key = env.API_KEY || demoKey(resolve(root, env.DATA_DIR || '.data'));

  async function send(method: string, path: string, body: unknown, signal: AbortSignal): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(url + path, {
        method,
        headers: {
          authorization: `Bearer ${key}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal,
      });
    } catch (cause) {
      throw new Failure(
        'gateway_unreachable',
        'operator',
        `No gateway answers at ${url}; start one with "${typed('start')}", or set PORT to its port.`,
        { cause },
      );
    }
    if (response.ok) return response;
    const problem = (await response.json().catch(() => ({}))) as { code?: string; detail?: string };
    throw new Failure(
      problem.code ?? 'gateway_refused',
      response.status < 500 ? 'fix-request' : 'retry',
      `The gateway answered ${response.status}: ${problem.detail ?? 'without a reason'}`,
    );
  }
  return {
    async ask<T>(method: string, path: string, body?: unknown) {
      const response = await send(method, path, body, AbortSignal.timeout(30_000));
      return { status: response.status, body: (await response.json()) as T };
    },
    async stream(path, signal) {
      const { body } = await send('GET', path, undefined, signal);
      return body as unknown as AsyncIterable<Uint8Array>;
    },
  };
}

/** The key of the demo, which `start` stored there. */
function demoKey(dataDir: string): string {
  const file = join(dataDir, 'demo.json');
  try {
    const { apiKey } = JSON.parse(readFileSync(file, 'utf8')) as { apiKey?: unknown };
    if (typeof apiKey === 'string') return apiKey;
  } catch {
    // Reported below, for any reason.
  }
  throw new Failure('no_api_key', 'operator', `Set API_KEY to a key of the gateway (${file} has no key of a demo).`);
}
