import {
  ERRCODE,
  endpointOf,
  Failure,
  isTokenRefusal,
  readAnswer,
  type Transport,
  TransportFailure,
} from '@wxthirdparty/wechat';
import type { Ledger, QuotaPair } from '../quota/ledger.ts';
import { readReportedQuota } from '../quota/limits.ts';
import { errcodeOf } from '../quota/quota-evidence.ts';
import type { Token, TokenOwner } from '../token/token.ts';
import type { Tokens } from '../token/tokens.ts';

const ASKING = '/cgi-bin/openapi/quota/get';
const TOKEN_WAIT_MS = 5_000;
const ANSWER_TIMEOUT_MS = 20_000;
const DAY_MS = 24 * 60 * 60_000;
/** After a transient error that may pass. */
const LATER_MS = 15 * 60_000;

/**
 * `unavailable`: WeChat does not tell it, so nobody asks for a day. `closed`: asking is itself a quota, and that is used up.
 * `error`: later, when a call needs it.
 */
export type QuotaReading = 'learned' | 'unavailable' | 'closed' | 'error';

/** Whether WeChat tells this path's quota at all (protocol §3.10), and it is not only for telling. */
export function isReadable({ path }: QuotaPair): boolean {
  return !path.toLowerCase().startsWith('/sns/') && path !== ASKING;
}

/** Asks WeChat about one quota, with the token of whose quota it is. */
export class QuotaReader {
  readonly #o: {
    readonly ledger: Ledger;
    readonly tokens: Tokens;
    readonly transport: Transport;
    readonly apiBase: string;
  };

  constructor(options: { ledger: Ledger; tokens: Tokens; transport: Transport; apiBase: string }) {
    this.#o = options;
  }

  async read(pair: QuotaPair, signal: AbortSignal): Promise<QuotaReading> {
    const outcome = await this.#ask(pair, signal, true);
    if (outcome === 'unavailable') await this.#o.ledger.postponeLookup(pair, DAY_MS);
    if (outcome === 'error' || outcome === 'closed') await this.#o.ledger.postponeLookup(pair, LATER_MS);
    return outcome;
  }

  async #ask(pair: QuotaPair, signal: AbortSignal, first: boolean): Promise<QuotaReading> {
    const { ledger, tokens } = this.#o;
    const asking = { ...pair, path: ASKING };
    const endpoint = endpointOf('POST', ASKING);
    const token = await this.#token(pair, signal);
    if (token === undefined) return 'error';
    const departure = await ledger.take(asking, endpoint);
    if (departure.go === 'closed') return 'closed';
    const before = await ledger.usage(pair, endpointOf('POST', pair.path));
    const departedAt = performance.now();
    const answer = await this.#send(pair, token, signal);
    const evidence = await ledger.conclude(asking, departure, answer && errcodeOf(answer), endpoint);
    if (evidence === 'day-used-up' || evidence === 'minute-used-up') return 'closed';
    if (answer?.kind !== 'json') return 'error';
    if (answer.errcode === ERRCODE.ok) tokens.accepted(token, { path: ASKING, departedAt });
    if (isTokenRefusal(answer.errcode)) {
      const distrusted = await tokens.distrust(token, ASKING);
      return first && distrusted === 'replaced' ? this.#ask(pair, signal, false) : 'error';
    }
    if (answer.errcode === ERRCODE.busy) return 'error';
    // 76021, 76022, 48001, 61007 and their like: today it will say nothing else.
    const told = answer.errcode === 0 ? readReportedQuota(answer.value) : undefined;
    if (told === undefined) return 'unavailable';
    await ledger.learn(pair, told, before, endpointOf('POST', pair.path));
    return 'learned';
  }

  async #token(pair: QuotaPair, signal: AbortSignal): Promise<Token | undefined> {
    const { component, appid } = pair;
    const owner: TokenOwner = { kind: appid === component ? 'component' : 'authorizer', component, appid };
    try {
      return await this.#o.tokens.get(owner, TOKEN_WAIT_MS, signal);
    } catch (error) {
      if (error instanceof Failure || signal.aborted) return undefined;
      throw error;
    }
  }

  async #send({ path }: QuotaPair, token: Token, signal: AbortSignal) {
    try {
      const response = await this.#o.transport.send({
        method: 'POST',
        url: `${this.#o.apiBase}${ASKING}?${new URLSearchParams({ access_token: token.value })}`,
        headers: { 'content-type': 'application/json' },
        body: Buffer.from(JSON.stringify({ cgi_path: path })),
        timeoutMs: ANSWER_TIMEOUT_MS,
        signal,
      });
      return readAnswer(response);
    } catch (error) {
      if (error instanceof TransportFailure) return undefined;
      throw error;
    }
  }
}
