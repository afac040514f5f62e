import type { World } from '../world.ts';
import { type ControlRoute, Lines } from './control-route.ts';
import { BadInput } from './input.ts';
import { accountOf } from './owners.ts';

/** The routes with which a test reads the state. */
export const INSPECTION_ROUTES: Record<string, ControlRoute> = {
  'GET /_control/state': (world) => ({
    components: [...world.components.values()].map((component) => ({
      appid: component.appid,
      ticketService: component.ticketService,
      lastTicketAt: moment(component.lastTicketAt),
      lastAcceptedTicketAt: moment(component.lastAcceptedTicketAt),
      failedTicketPushes: component.failedTicketPushes,
    })),
    accounts: [...world.accounts.values()].map((account) => ({
      appid: account.appid,
      kind: account.kind,
      nickName: account.nickName,
      userName: account.userName,
      followers: account.followers.total,
    })),
    authorizations: world.grants.all().map((grant) => ({
      component: grant.component,
      appid: grant.appid,
      state: grant.state,
      funcIds: grant.funcIds,
      authorizedAt: moment(grant.authorizedAt * 1000),
      exchanged: grant.exchanged,
    })),
    alarms: world.pushes.alarms,
    notices: world.pushes.notices,
    pushes: world.pushes.count,
    options: world.options,
    timeScale: world.clock.scale,
  }),

  'GET /_control/counters': (world) => ({ ...world.traffic.counters(), minted: world.tokens.issuedCounts }),

  'GET /_control/requests': (world, _body, query) => ({
    requests: world.traffic.last(query.get('path'), whole(query, 'limit', 100)),
  }),

  'GET /_control/log': (world, _body, query) => new Lines(world.log.linesAfter(whole(query, 'after', 0))),

  'GET /_control/deliveries': (world, _body, query) => ({
    deliveries: world.pushes.deliveries.slice(-whole(query, 'limit', 100)),
  }),

  'GET /_control/messages': (world, _body, query) => {
    const appid = query.get('appid');
    return { messages: world.messages.filter((message) => appid === null || message.appid === appid) };
  },

  'GET /_control/followers': (world: World, _body, query) => {
    const account = accountOf(world, Object.fromEntries(query));
    const openids = account.followers.from(whole(query, 'offset', 0), whole(query, 'limit', 100));
    return { total: account.followers.total, openids };
  },

  'GET /_control/secrets': (world) => world.credentials.issued,
};

function moment(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

function whole(query: URLSearchParams, name: string, otherwise: number): number {
  const value = Number(query.get(name) ?? otherwise);
  if (!Number.isSafeInteger(value) || value < 0) throw new BadInput(`${name} must be a whole number`);
  return value;
}
