import { Bell } from './bell.ts';

/** What a closing gateway tells the requests that still run. */
export class Leaving {
  /** Nothing new is taken; every answer from now on ends its connection. */
  readonly closing = new Bell();
  /** Who waits for a call answers now, with what is known. */
  readonly endWaits = new Bell();
  /** Connections are about to be cut: the last chance to say anything. */
  readonly lastChance = new Bell();
}
