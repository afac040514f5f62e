import { createRootRoute, createRoute, createRouter, Outlet, redirect } from '@tanstack/react-router';
import { readSession } from '../api/session.ts';
import { accountFilters } from '../screens/account/filters.ts';
import { accountFilters as accountListFilters } from '../screens/accounts/filters.ts';
import { alarmFilters } from '../screens/alarms/filters.ts';
import { callFilters } from '../screens/calls/filters.ts';
import { keyFilters } from '../screens/keys/filters.ts';
import { linkFilters, newLinkFilters } from '../screens/links/filters.ts';
import { deliveryFilters, pushFilters } from '../screens/pushes/filters.ts';
import { readTarget } from '../screens/sign-in/target.ts';
import { syncFilters } from '../screens/syncs/filters.ts';
import { Tips } from '../ui/tips.tsx';
import { keepComponent, readComponent } from './component-in-url.ts';
import { Frame } from './frame.tsx';
import { lazyScreen } from './lazy-screen.ts';
import { NotFound, ScreenFailed, SessionFailed } from './problems.tsx';
import { parseSearch, stringifySearch } from './search-in-url.ts';

const BASE = '/admin';

const root = createRootRoute({
  component: () => (
    <>
      <Outlet />
      <Tips />
    </>
  ),
  notFoundComponent: NotFound,
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: readTarget,
  component: lazyScreen(() => import('../screens/sign-in/sign-in.tsx'), 'SignIn'),
});

/** Every screen but the sign-in needs a session. Without Redis that is not known, and the page stays as it is. */
const frame = createRoute({
  getParentRoute: () => root,
  id: 'frame',
  validateSearch: readComponent,
  search: { middlewares: [keepComponent] },
  beforeLoad: async ({ location }) => {
    if ((await readSession()) === null) throw redirect({ to: '/sign-in', search: { to: BASE + location.href } });
  },
  component: Frame,
  errorComponent: SessionFailed,
});

const overview = createRoute({
  getParentRoute: () => frame,
  path: '/',
  component: lazyScreen(() => import('../screens/overview/overview.tsx'), 'Overview'),
});

const accounts = createRoute({
  getParentRoute: () => frame,
  path: '/accounts',
  validateSearch: accountListFilters.read,
  component: lazyScreen(() => import('../screens/accounts/accounts.tsx'), 'Accounts'),
});

const account = createRoute({
  getParentRoute: () => frame,
  path: '/accounts/$appid',
  validateSearch: accountFilters.read,
  component: lazyScreen(() => import('../screens/account/account.tsx'), 'AccountScreen'),
});

const syncs = createRoute({
  getParentRoute: () => frame,
  path: '/syncs',
  validateSearch: syncFilters.read,
  component: lazyScreen(() => import('../screens/syncs/syncs.tsx'), 'Syncs'),
});

const links = createRoute({
  getParentRoute: () => frame,
  path: '/links',
  validateSearch: linkFilters.read,
  component: lazyScreen(() => import('../screens/links/links.tsx'), 'Links'),
});

const newLink = createRoute({
  getParentRoute: () => frame,
  path: '/links/new',
  validateSearch: newLinkFilters.read,
  component: lazyScreen(() => import('../screens/links/new-link.tsx'), 'NewLink'),
});

const link = createRoute({
  getParentRoute: () => frame,
  path: '/links/$id',
  component: lazyScreen(() => import('../screens/links/link.tsx'), 'AuthorizationLinkScreen'),
});

const calls = createRoute({
  getParentRoute: () => frame,
  path: '/calls',
  validateSearch: callFilters.read,
  component: lazyScreen(() => import('../screens/calls/calls.tsx'), 'Calls'),
});

const call = createRoute({
  getParentRoute: () => frame,
  path: '/calls/$id',
  component: lazyScreen(() => import('../screens/calls/call.tsx'), 'Call'),
});

const pushes = createRoute({
  getParentRoute: () => frame,
  path: '/pushes',
  validateSearch: pushFilters.read,
  component: lazyScreen(() => import('../screens/pushes/pushes.tsx'), 'Pushes'),
});

const push = createRoute({
  getParentRoute: () => frame,
  path: '/pushes/$id',
  component: lazyScreen(() => import('../screens/pushes/push.tsx'), 'Push'),
});

const subscription = createRoute({
  getParentRoute: () => frame,
  path: '/pushes/subscriptions/$id',
  validateSearch: deliveryFilters.read,
  component: lazyScreen(() => import('../screens/pushes/subscription.tsx'), 'Subscription'),
});

const delivery = createRoute({
  getParentRoute: () => frame,
  path: '/pushes/subscriptions/$id/deliveries/$push',
  component: lazyScreen(() => import('../screens/pushes/delivery.tsx'), 'Delivery'),
});

const component = createRoute({
  getParentRoute: () => frame,
  path: '/components/$appid',
  component: lazyScreen(() => import('../screens/component/component.tsx'), 'ComponentScreen'),
});

const alarms = createRoute({
  getParentRoute: () => frame,
  path: '/alarms',
  validateSearch: alarmFilters.read,
  component: lazyScreen(() => import('../screens/alarms/alarms.tsx'), 'Alarms'),
});

const keys = createRoute({
  getParentRoute: () => frame,
  path: '/keys',
  validateSearch: keyFilters.read,
  component: lazyScreen(() => import('../screens/keys/keys.tsx'), 'Keys'),
});

const newKey = createRoute({
  getParentRoute: () => frame,
  path: '/keys/new',
  component: lazyScreen(() => import('../screens/keys/new-key.tsx'), 'NewKey'),
});

export const router = createRouter({
  routeTree: root.addChildren([
    signIn,
    frame.addChildren([
      overview,
      component,
      accounts,
      account,
      calls,
      call,
      pushes,
      push,
      subscription,
      delivery,
      syncs,
      links,
      newLink,
      link,
      keys,
      newKey,
      alarms,
    ]),
  ]),
  basepath: BASE,
  parseSearch,
  stringifySearch,
  defaultErrorComponent: ScreenFailed,
  defaultNotFoundComponent: NotFound,
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
