import { Refusal } from '../refusal.ts';
import { TOKEN_TTL_S } from '../token.ts';
import type { ApiTable } from './api.ts';

// A ticket is replaced shortly before it expires, never earlier (protocol §10 rule 50).
const JS_TICKET_RENEWAL_S = 300;

/** WeChat's own addresses, and the tickets with which web pages sign; protocol §3.10 and §4.12. */
export const NETWORK_APIS: ApiTable = {
  '/cgi-bin/getcallbackip': {
    method: 'GET',
    needs: 'either',
    answer: () => ({ json: { ip_list: ['127.0.0.1', '101.226.103.0/25'] } }),
  },

  '/cgi-bin/get_api_domain_ip': {
    method: 'GET',
    needs: 'either',
    answer: () => ({ json: { ip_list: ['127.0.0.1'] } }),
  },

  '/cgi-bin/ticket/getticket': {
    method: 'GET',
    needs: 'authorizer',
    kind: 'official-account',
    sets: [4, 8],
    answer({ world, request, account, component }) {
      const type = request.query.get('type') ?? '';
      if (type !== 'jsapi' && type !== 'wx_card') throw new Refusal(40035);
      const { clock } = world;
      const now = clock.now();
      const key = `${component.appid} ${type}`;
      // The one before stays valid until its own end.
      const live = (account.jsTickets.get(key) ?? []).filter(({ expiresAt }) => expiresAt > now);
      let ticket = live.at(-1);
      if (ticket === undefined || now >= ticket.expiresAt - clock.lasting(JS_TICKET_RENEWAL_S)) {
        ticket = { value: world.credentials.jsTicket(), expiresAt: now + clock.lasting(TOKEN_TTL_S) };
        account.jsTickets.set(key, [...live, ticket]);
      }
      const remaining = Math.max(1, Math.floor((ticket.expiresAt - now) / 1000));
      return { json: { errcode: 0, errmsg: 'ok', ticket: ticket.value, expires_in: remaining } };
    },
  },
};
