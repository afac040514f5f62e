import { Failure } from '@wxthirdparty/wechat';
import type { TokenEffect, TokenKind } from '../token/token-kind.ts';
import type { ComponentApiWith } from './component-carrier.ts';
import type { Components } from './components.ts';
import { READINESS } from './readiness.ts';
import type { Tickets } from './ticket.ts';

/** The component token comes from the ticket and the component's secret (protocol §3.2). */
export function componentTokenKind(
  components: Components,
  tickets: Pick<Tickets, 'current'>,
  apiWith: ComponentApiWith,
): TokenKind {
  return {
    async fetch(owner, context) {
      const { appid, appsecret } = components.get(owner.component);
      const ticket = await tickets.current(appid);
      if (!ticket) {
        throw new Failure(
          'no_ticket',
          'retry',
          `No valid component_verify_ticket has been received for ${appid}; WeChat pushes one every ten minutes.`,
        );
      }
      const { token, expiresInMs } = await apiWith(context.tokens).fetchComponentToken(
        { appid, appsecret, ticket },
        context,
      );
      return { value: token, expiresInMs };
    },
  };
}

/** Readiness follows from the component token. */
export const componentTokenEffect: TokenEffect<'ticket' | 'ready'> = {
  uses: [READINESS],
  keys: ['ticket', 'ready'],
  keysOf: ({ component }, keyspace) => ({ ticket: keyspace.ticket(component), ready: keyspace.ready(component) }),
  lua: 'readiness_update(record, ticket, ready)',
};
