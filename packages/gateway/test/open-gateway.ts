import { Writable } from 'node:stream';
import { pino } from 'pino';
import { afterEach, expect, vi } from 'vitest';
import type { GatewayPlatform } from '../src/gateway-platform.ts';
import type { GatewaySettings } from '../src/gateway-settings.ts';
import { type Gateway, startGateway } from '../src/start-gateway.ts';

export const API_KEY = 'an-api-key';
export const bearer = { authorization: `Bearer ${API_KEY}` };

/** What the doctor would know of the process. */
export const surroundings: GatewaySettings['doctor'] = {
  dataDir: '/',
  typed: (command) => command,
  checkSettings: async () => ({ faults: [], found: null }),
};

export interface LogLine {
  readonly msg: string;
  readonly [name: string]: unknown;
}

export interface OpenedGateway extends Gateway {
  readonly log: LogLine[];
  /** Waits for a line with this message. */
  logged(msg: string): Promise<LogLine>;
}

const opened: Gateway[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((gateway) => gateway.close()));
});

/** A real gateway on a free port; closed after the test. */
export async function openGateway(
  platform: GatewayPlatform,
  changes: Partial<GatewaySettings> = {},
): Promise<OpenedGateway> {
  const log: LogLine[] = [];
  const stream = new Writable({
    write(line: Buffer, _encoding, done) {
      log.push(JSON.parse(line.toString()) as LogLine);
      done();
    },
  });
  const gateway = await startGateway(
    platform,
    {
      port: 0,
      host: '127.0.0.1',
      apiKey: API_KEY,
      returnToOrigins: [],
      secretsKeys: [Buffer.alloc(32, 7)],
      admin: { user: 'admin', password: 'a-password', write: false },
      doctor: surroundings,
      shutdownMs: 2_000,
      ...changes,
    },
    pino({ level: 'debug' }, stream),
  );
  opened.push(gateway);
  return {
    ...gateway,
    log,
    logged: (msg) =>
      vi.waitFor(
        () => {
          const line = log.find((it) => it.msg === msg);
          expect(line, `a log line "${msg}"`).toBeDefined();
          return line!;
        },
        { timeout: 60_000 },
      ),
  };
}
