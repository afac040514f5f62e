import type { Driver } from 'kysely';
import type { DatabaseGate } from './database-gate.ts';

/**
 * Statements beyond `max` wait here instead of in the pool: the pool would open a connection for each waiting one after its
 * connections were ended, and a server that does not answer would collect them.
 */
export function limitConnections(driver: Driver, max: number, gate: DatabaseGate | undefined): Driver {
  const acquire = driver.acquireConnection.bind(driver);
  const release = driver.releaseConnection.bind(driver);
  const waiting: (() => void)[] = [];
  let free = max;
  const giveBack = () => {
    const next = waiting.shift();
    if (next) next();
    else free++;
  };
  driver.acquireConnection = async () => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      const refusal = gate?.refusal();
      if (refusal) throw refusal;
      return await acquire();
    } catch (error) {
      giveBack();
      throw error;
    }
  };
  driver.releaseConnection = async (connection) => {
    try {
      await release(connection);
    } finally {
      giveBack();
    }
  };
  return driver;
}
