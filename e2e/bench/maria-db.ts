import { readdirSync, readFileSync } from 'node:fs';
import { newDatabase } from '../../packages/platform/test/mariadb-for-all.ts';
import { type MariaDbServer, startMariaDb } from '../../packages/platform/test/mariadb-server.ts';

/** A MariaDB for the bench alone, whose processor time can be read. */
export class MariaDb {
  readonly #server: MariaDbServer;
  readonly pid: number;

  private constructor(server: MariaDbServer) {
    this.#server = server;
    const port = new URL(server.url('any')).port;
    this.pid = Number(
      readdirSync('/proc').find((pid) => /^\d+$/.test(pid) && commandOf(pid).includes(`--port=${port}`)),
    );
  }

  static async start(): Promise<MariaDb> {
    return new MariaDb(await startMariaDb());
  }

  newDatabase(): Promise<string> {
    return newDatabase(this.#server);
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }
}

/** The command line of a mariadbd; empty for any other process. */
function commandOf(pid: string): string[] {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return command[0]?.endsWith('mariadbd') ? command : [];
  } catch {
    return [];
  }
}
