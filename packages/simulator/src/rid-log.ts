import type { Clock } from './clock.ts';

const RID_TTL_S = 7 * 24 * 3600;
const MAX_REMEMBERED = 5000;

/** What WeChat later returns about a refused request. */
export interface RefusedRequest {
  /** The owner of its token: an account, or the component; null without a known token. */
  readonly account: string | null;
  readonly invokeTime: number;
  readonly costMs: number;
  readonly url: string;
  readonly requestBody: string;
  readonly responseBody: string;
  readonly clientIp: string;
}

/** The newest refused requests by rid, for seven days (protocol §10 rule 34). */
export class RidLog {
  readonly #byRid = new Map<string, { readonly request: RefusedRequest; readonly until: number }>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  keep(rid: string, request: RefusedRequest): void {
    this.#byRid.set(rid, { request, until: this.#clock.now() + this.#clock.lasting(RID_TTL_S) });
    // A map keeps the order of arrival: the first is the oldest.
    if (this.#byRid.size > MAX_REMEMBERED) this.#byRid.delete(this.#byRid.keys().next().value!);
  }

  find(rid: string): RefusedRequest | undefined {
    const kept = this.#byRid.get(rid);
    return kept !== undefined && this.#clock.now() < kept.until ? kept.request : undefined;
  }
}
