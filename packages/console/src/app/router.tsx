import { createRootRoute, createRoute, createRouter, Outlet, redirect } from '@tanstack/react-router';
import { readSession } from '../api/session.ts';
import { readTarget } from '../screens/sign-in/target.ts';
import { Tips } from '../ui/tips.tsx';
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

export const router = createRouter({
  routeTree: root.addChildren([signIn, frame.addChildren([overview])]),
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
