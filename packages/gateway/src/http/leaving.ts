import { Bell } from './bell.ts';

/** What a closing gateway tells the requests that still run. */
export class Leaving {
  /** `/readyz` answers 503 and every answer ends its connection; requests are still served. */
  readonly draining = new Bell();
  /** The listener is closed: no new connection, and streams end. */
  readonly closing = new Bell();
  /** Who waits for a call answers now, with what is known. */
  readonly endWaits = new Bell();
  /** Connections are about to be cut: the last chance to say anything. */
  readonly lastChance = new Bell();
}
