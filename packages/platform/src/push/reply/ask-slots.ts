/** Requests for which this gateway waits at the same time. */
const MAX_IN_FLIGHT = 2_000;

/** Bounds the requests to receivers that are asked, for each subscription and for the gateway. */
export class AskSlots {
  readonly #bySubscription = new Map<string, number>();
  #inFlight = 0;

  /** Returns what gives the slot back, once; undefined: there is none. `max`: of this subscription. */
  enter(subscription: string, max: number): (() => void) | undefined {
    const inFlight = this.#bySubscription.get(subscription) ?? 0;
    if (inFlight >= max || this.#inFlight >= MAX_IN_FLIGHT) return undefined;
    this.#set(subscription, inFlight + 1);
    this.#inFlight++;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#inFlight--;
      this.#set(subscription, this.#bySubscription.get(subscription)! - 1);
    };
  }

  #set(subscription: string, inFlight: number): void {
    if (inFlight === 0) this.#bySubscription.delete(subscription);
    else this.#bySubscription.set(subscription, inFlight);
  }
}
