import { endpointOf, type Meter } from '@wxthirdparty/wechat';
import type { Ledger } from '../quota/ledger.ts';
import { QuotaClosedFailure } from '../quota/quota-closed-failure.ts';

/**
 * Counts what the house itself asks of the component APIs: they have a budget of their own, the component's. A closed
 * one is honoured, but for what goes with the secret: a component token is asked for no more often than every ten
 * minutes then, and with it everything comes back.
 */
export function componentMeter(ledger: Ledger): Meter {
  return {
    async depart({ component, path, bySecret }) {
      const pair = { component, appid: component, path };
      const endpoint = endpointOf('POST', path);
      const left = bySecret
        ? { go: 'yes' as const, ...(await ledger.count(pair, endpoint)) }
        : await ledger.take(pair, endpoint);
      if (left.go === 'closed') throw new QuotaClosedFailure(path, left.closedUntil);
      return async (errcode) => {
        await ledger.conclude(pair, left, errcode, endpoint);
      };
    },
  };
}
