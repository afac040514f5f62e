import { OneShotSignal } from './one-shot-signal.ts';

/** The phases of a shutdown, to which running requests subscribe. */
export class Shutdown {
  /** `/readyz` answers 503 and every answer ends its connection; requests are still served. */
  readonly draining = new OneShotSignal();
  /** The listener is closed: no new connection, and streams end. */
  readonly listenerClosed = new OneShotSignal();
  /** Requests that wait for a call answer now, with its present state. */
  readonly stopWaiting = new OneShotSignal();
  /** Connections are about to be closed: requests must answer now. */
  readonly closing = new OneShotSignal();
}
