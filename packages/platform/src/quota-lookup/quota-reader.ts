import { type Answer, ERRCODE, endpointOf, isTokenRefusal, readAnswer, type Transport } from '@wxthirdparty/wechat';
import type { Events } from '../events.ts';
import type { Ledger, QuotaPair, Taken } from '../quota/ledger.ts';
import { readReportedQuota } from '../quota/limits.ts';
import type { Usage } from '../quota/usage.ts';
import { type Asked, askWechat } from '../request/ask-wechat.ts';
import { isBusy, needsNextToken } from '../request/retry-rules.ts';
import { sendOver } from '../request/send-request.ts';
import type { TokenOwner } from '../token/token.ts';
import type { Tokens } from '../token/tokens.ts';

const LOOKUP_PATH = '/cgi-bin/openapi/quota/get';
const TOKEN_WAIT_MS = 5_000;
const ANSWER_TIMEOUT_MS = 20_000;
const DAY_MS = 24 * 60 * 60_000;
const ERROR_RETRY_MS = 15 * 60_000;

/**
 * `unavailable`: WeChat does not report this quota, so it is not asked again for a day. `closed`: the quota of the lookup
 * itself is used up. `error`: a later call that needs it asks again.
 */
export type QuotaReading = 'learned' | 'unavailable' | 'closed' | 'error';

/** Whether WeChat reports the quota of this path (protocol §3.10), and it is not the path of the lookup. */
export function isReadable({ path }: QuotaPair): boolean {
  return !path.toLowerCase().startsWith('/sns/') && path !== LOOKUP_PATH;
}

/** With what was used of the quota right before the lookup departed. */
type Lookup =
  | (Extract<Taken, { readonly go: 'yes' }> & { readonly usageBefore: Usage })
  | Extract<Taken, { readonly go: 'closed' }>;

export interface QuotaReaderOptions {
  readonly ledger: Ledger;
  readonly tokens: Tokens;
  readonly transport: Transport;
  readonly apiBase: string;
  readonly events: Events;
}

/** Asks WeChat about one quota, with the token of the account or component that has it. */
export class QuotaReader {
  readonly #deps: QuotaReaderOptions;

  constructor(deps: QuotaReaderOptions) {
    this.#deps = deps;
  }

  async read(pair: QuotaPair, signal: AbortSignal): Promise<QuotaReading> {
    const startedAt = performance.now();
    const reading = await this.#read(pair, signal);
    if (reading === 'unavailable') await this.#deps.ledger.postponeLookup(pair, DAY_MS);
    if (reading === 'error' || reading === 'closed') await this.#deps.ledger.postponeLookup(pair, ERROR_RETRY_MS);
    const { component, appid, path } = pair;
    const ms = Math.round(performance.now() - startedAt);
    this.#deps.events.publish('quota-lookup', { component, appid, path, outcome: reading, ms });
    return reading;
  }

  async #read(pair: QuotaPair, signal: AbortSignal): Promise<QuotaReading> {
    for (let refusals = 0; ; refusals++) {
      const asked = await this.#askOnce(pair, signal);
      switch (asked.kind) {
        case 'aborted':
        case 'no-token':
        case 'unanswered':
          return 'error';
        case 'not-permitted':
          return 'closed';
        case 'answered':
          if (needsNextToken(asked, refusals)) continue;
          return this.#learn(pair, asked);
        default:
          return asked satisfies never;
      }
    }
  }

  async #askOnce(pair: QuotaPair, signal: AbortSignal): Promise<Asked<Lookup>> {
    const { ledger, tokens } = this.#deps;
    const { component, appid, path } = pair;
    const lookup = { ...pair, path: LOOKUP_PATH };
    const endpoint = endpointOf('POST', LOOKUP_PATH);
    const owner: TokenOwner = { kind: appid === component ? 'component' : 'authorizer', component, appid };
    return askWechat(
      {
        pair: lookup,
        endpoint,
        signal,
        token: () => tokens.get(owner, TOKEN_WAIT_MS, signal),
        permit: async () => {
          const taken = await ledger.take(lookup, endpoint);
          if (taken.go === 'closed') return taken;
          return { ...taken, usageBefore: await ledger.usage(pair, endpointOf('POST', path)) };
        },
        send: sendOver(this.#deps, {
          ...lookup,
          method: 'POST',
          query: [],
          contentType: 'application/json',
          body: Buffer.from(JSON.stringify({ cgi_path: path })),
          timeoutMs: ANSWER_TIMEOUT_MS,
          signal,
        }),
        read: (response): Answer => readAnswer(response),
      },
      this.#deps,
    );
  }

  async #learn(
    pair: QuotaPair,
    { answer, evidence, permit }: Extract<Asked<Lookup>, { readonly kind: 'answered' }>,
  ): Promise<QuotaReading> {
    if (evidence === 'day-used-up' || evidence === 'minute-used-up') return 'closed';
    if (answer.kind !== 'json' || isTokenRefusal(answer.errcode) || isBusy(answer.errcode)) return 'error';
    // Of the other errors (76021, 76022, 48001, 61007 …) WeChat would answer the same one for the rest of the day.
    const reported = answer.errcode === ERRCODE.ok ? readReportedQuota(answer.value) : undefined;
    if (reported === undefined) return 'unavailable';
    await this.#deps.ledger.learn(pair, reported, permit.usageBefore, endpointOf('POST', pair.path));
    return 'learned';
  }
}
