/** Deliveries to one receiver that run at the same time: at first, and once it answers each of them. */
const FIRST_LIMIT = 4;
const MAX_LIMIT = 32;
/** Deliveries without an answer, one after the other, that open a receiver's circuit. */
const SILENT_TO_OPEN = 4;
const OPEN_MS = 10_000;
const MAX_OPEN_MS = 5 * 60_000;
const MIN_POSTPONE_MS = 200;
const MAX_POSTPONE_MS = 30_000;
/** Bodies in flight; each exists a few times while it is being sent. */
const MAX_BYTES = 32 * 1024 * 1024;
const MAX_RECEIVERS = 10_000;
/** Of the answers' durations, for how much the last one counts. */
const NEWEST_SHARE = 0.25;

/** `silent`: no answer in time, or no connection. `aborted`: this process did not wait for one. */
export type DeliveryEnd = 'answered' | 'silent' | 'aborted';

export interface DeliverySlot {
  end(how: DeliveryEnd): void;
}

export interface PostponedDelivery {
  readonly afterMs: number;
}

interface ReceiverState {
  inFlight: number;
  limit: number;
  /** It answered its last delivery. */
  proven: boolean;
  silent: number;
  openings: number;
  openUntil: number;
  answerMs: number;
  /** When the last postponed delivery is expected to find a slot. */
  nextAt: number;
}

/**
 * Which deliveries of this process may run now, so that a receiver that does not answer delays its own only: slots for
 * each receiver, more while it answers and fewer while it does not; a circuit for each; and of all slots at most half for
 * receivers that have not answered yet. What may not run now is postponed, and holds nothing meanwhile.
 */
export class ReceiverSlots {
  readonly #receivers = new Map<string, ReceiverState>();
  readonly #now: () => number;
  readonly #random: () => number;
  #unproven = 0;
  #bytes = 0;

  constructor({ now = () => performance.now(), random = Math.random } = {}) {
    this.#now = now;
    this.#random = random;
  }

  /** `slots`: deliveries of this process that can run at the same time. */
  enter(receiver: string, bytes: number, slots: number): DeliverySlot | PostponedDelivery {
    const state = this.#stateOf(receiver);
    const now = this.#now();
    const half = Math.max(1, slots >> 1);
    if (now < state.openUntil) {
      // Spread, since only one of them will be tried then.
      return { afterMs: state.openUntil - now + this.#random() * OPEN_MS };
    }
    // After an opened circuit one delivery tries whether the receiver answers again.
    const limit = state.openings > 0 ? 1 : Math.min(state.limit, half);
    const full =
      state.inFlight >= limit ||
      (!state.proven && this.#unproven >= half) ||
      (this.#bytes > 0 && this.#bytes + bytes > MAX_BYTES);
    if (full) return { afterMs: this.#postpone(state, now, limit) };

    const { proven } = state;
    state.inFlight++;
    if (!proven) this.#unproven++;
    this.#bytes += bytes;
    let ended = false;
    return {
      end: (how) => {
        if (ended) return;
        ended = true;
        state.inFlight--;
        if (!proven) this.#unproven--;
        this.#bytes -= bytes;
        this.#learn(state, how, this.#now() - now);
      },
    };
  }

  #learn(state: ReceiverState, how: DeliveryEnd, tookMs: number): void {
    switch (how) {
      case 'aborted':
        return;
      case 'answered':
        state.answerMs += NEWEST_SHARE * (tookMs - state.answerMs);
        state.limit = Math.min(state.limit + 1, MAX_LIMIT);
        state.proven = true;
        state.silent = 0;
        state.openings = 0;
        state.openUntil = 0;
        return;
      case 'silent': {
        state.answerMs += NEWEST_SHARE * (tookMs - state.answerMs);
        state.limit = Math.max(1, state.limit >> 1);
        state.proven = false;
        state.silent++;
        const now = this.#now();
        if (now < state.openUntil || (state.openings === 0 && state.silent < SILENT_TO_OPEN)) return;
        state.openUntil = now + Math.min(OPEN_MS * 2 ** state.openings, MAX_OPEN_MS);
        state.openings++;
        return;
      }
      default:
        how satisfies never;
    }
  }

  /** One after the other, as fast as the receiver is expected to answer. */
  #postpone(state: ReceiverState, now: number, limit: number): number {
    const at = Math.max(now + MIN_POSTPONE_MS, state.nextAt) + state.answerMs / limit;
    if (at - now > MAX_POSTPONE_MS) return MAX_POSTPONE_MS * (0.5 + 0.5 * this.#random());
    state.nextAt = at;
    return at - now;
  }

  #stateOf(receiver: string): ReceiverState {
    const known = this.#receivers.get(receiver);
    if (known) {
      // The map is in the order of the last use.
      this.#receivers.delete(receiver);
      this.#receivers.set(receiver, known);
      return known;
    }
    if (this.#receivers.size >= MAX_RECEIVERS) {
      for (const [oldest, { inFlight }] of this.#receivers) {
        if (inFlight > 0) continue;
        this.#receivers.delete(oldest);
        break;
      }
    }
    const state: ReceiverState = {
      inFlight: 0,
      limit: FIRST_LIMIT,
      proven: false,
      silent: 0,
      openings: 0,
      openUntil: 0,
      answerMs: 100,
      nextAt: 0,
    };
    this.#receivers.set(receiver, state);
    return state;
  }
}
