import { type Carrier, type ComponentApi, endpointOf, readAnswer } from '@wxthirdparty/wechat';
import type { Events } from '../events.ts';
import type { Ledger } from '../quota/ledger.ts';
import { QuotaClosedFailure } from '../quota/quota-closed-failure.ts';
import { askWechat } from '../request/ask-wechat.ts';
import { needsNextToken } from '../request/retry-rules.ts';
import type { TokenSource } from '../token/token-kind.ts';
import { componentOwner } from './component-owner.ts';

/** The component API with the component tokens of this source. */
export type ComponentApiWith = (tokens: TokenSource) => ComponentApi;

export interface ComponentCarrierOptions {
  readonly tokens: TokenSource;
  readonly ledger: Ledger;
  readonly events: Events;
}

/**
 * Carries our own requests to the component API. They take the component's token, refreshed inline if it is due, and the
 * component's quota. A request with the secret departs even while its quota is closed: then a component token is fetched at
 * most every ten minutes, and everything else depends on it.
 */
export function componentCarrier({ tokens, ledger, events }: ComponentCarrierOptions): Carrier {
  return {
    async carry({ component, path, bySecret, signal }, send) {
      const pair = { component, appid: component, path };
      const endpoint = endpointOf('POST', path);
      for (let refusals = 0; ; refusals++) {
        const asked = await askWechat(
          {
            pair,
            endpoint,
            signal,
            token: async () => (bySecret ? undefined : tokens.ensure(componentOwner(component), signal)),
            permit: async () =>
              bySecret ? { go: 'yes', ...(await ledger.count(pair, endpoint)) } : ledger.take(pair, endpoint),
            send,
            read: (response) => readAnswer(response),
          },
          { tokens, ledger, events },
        );
        switch (asked.kind) {
          case 'aborted':
            throw signal!.reason;
          case 'no-token':
          case 'unanswered':
            throw asked.failure;
          case 'not-permitted':
            throw new QuotaClosedFailure(path, asked.decision.closedUntil);
          case 'answered':
            if (needsNextToken(asked, refusals)) continue;
            return asked.answer;
          default:
            asked satisfies never;
        }
      }
    },
  };
}
