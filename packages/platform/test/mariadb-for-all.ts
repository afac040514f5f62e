import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createConnection } from 'mysql2/promise';
import type { TestProject } from 'vitest/node';
import { type MariaDbServer, startMariaDb } from './mariadb-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A POST there answers the URL of a new, empty database. */
    mariaDbDatabases: string;
  }
}

/** One MariaDB for a whole run of tests, started when the first suite asks for a database. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  let server: Promise<MariaDbServer> | undefined;
  const front = createServer((_request, response) => {
    server ??= startMariaDb();
    server.then(newDatabase).then(
      (url) => response.end(url),
      (error) => response.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  project.provide('mariaDbDatabases', `http://127.0.0.1:${(front.address() as AddressInfo).port}/`);
  return async () => {
    front.close();
    front.closeAllConnections();
    await (await server?.catch(() => undefined))?.stop();
  };
}

export async function newDatabase(server: MariaDbServer): Promise<string> {
  const name = `wx_${randomBytes(6).toString('hex')}`;
  const connection = await createConnection(server.url('mysql'));
  try {
    await connection.query(`create database ${name}`);
  } finally {
    await connection.end();
  }
  return server.url(name);
}
