import { Outlet, useLocation, useRouter } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { signOut, useRights } from '../api/session.ts';
import { useRead } from '../api/use-read.ts';
import { useAction } from '../ui/action.tsx';
import { Icon } from '../ui/icon.tsx';
import { Link } from '../ui/link.tsx';
import { Menu, MenuItem, MenuLabel } from '../ui/menu.tsx';
import { LanguageButton, ThemeMenu } from '../ui/preferences.tsx';
import { ToneMark } from '../ui/status.tsx';
import { useWords } from '../words/define-words.ts';
import { useFormat } from '../words/format.ts';
import { sharedWords } from '../words/shared-words.ts';
import { ComponentMenu } from './component-menu.tsx';
import { Find } from './find.tsx';
import styles from './frame.module.css';
import { frameWords } from './frame-words.ts';
import { Keys } from './keys.tsx';
import { navigation } from './navigation.ts';

/** What every screen has around it: top bar, sidebar, and the place of its content. */
export function Frame() {
  const words = useWords(frameWords);
  const main = useRef<HTMLElement>(null);
  useFocusOnNavigation(main);
  return (
    <div className={styles.frame}>
      <a className={styles.skip} href="#content">
        {words.skip}
      </a>
      <header className={styles.top}>
        <Menu className={styles.phoneMenu} label={words.menu} button={<Icon name="menu" />} align="start">
          <Navigation />
        </Menu>
        <Link to="/" className={styles.brand}>
          wxthirdparty
        </Link>
        <ComponentMenu />
        <div className={styles.space} />
        <Find />
        <LanguageButton />
        <ThemeMenu />
        <ActorMenu />
      </header>
      <aside className={styles.side}>
        <Navigation />
      </aside>
      <main className={styles.main} id="content" ref={main} tabIndex={-1}>
        <Outlet />
      </main>
      <Keys />
    </div>
  );
}

function Navigation() {
  const words = useWords(frameWords);
  const shared = useWords(sharedWords);
  const { mayRead } = useRights();
  const offered = navigation.filter(({ scope }) => scope === undefined || mayRead(scope));
  return (
    <nav aria-label={words.mainNavigation}>
      <ul>
        {offered.map(({ to, word, icon }) => (
          <li key={to}>
            <Link
              to={to}
              className={styles.item}
              activeOptions={{ exact: to === '/', includeSearch: false }}
              activeProps={{ className: styles.here ?? '' }}
              data-tip-side
            >
              <Icon name={icon} />
              <span className={styles.itemWord}>{shared[word] as string}</span>
              {word === 'alarms' && <OpenAlarms />}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/** How many alarms are open, beside their screen's name. */
function OpenAlarms() {
  const words = useWords(frameWords);
  const format = useFormat();
  const { data } = useRead('GET /v1/alarms', { query: { state: 'open' } });
  const open = data?.items.length ?? 0;
  if (open === 0) return null;
  const urgent = data?.items.some(({ severity }) => severity === 'page') ?? false;
  return (
    <span className={urgent ? styles.urgent : styles.open} title={words.openAlarms(format.number(open))}>
      {format.number(open)}
    </span>
  );
}

function ActorMenu() {
  const words = useWords(frameWords);
  const router = useRouter();
  const { session } = useRights();
  const { kind, name } = session.actor;
  const leave = useAction({ perform: signOut, onSuccess: () => void router.navigate({ to: '/sign-in' }) });
  const label = kind === 'owner' ? name : words.key(name);
  return (
    <Menu
      label={`${words.signedInAs} ${label}`}
      align="end"
      button={
        <>
          <Icon name="person" />
          <span className={styles.actor}>{label}</span>
        </>
      }
    >
      <MenuLabel>
        {words.signedInAs}
        <br />
        {kind === 'owner' ? `${name} (${words.owner})` : label}
      </MenuLabel>
      {kind === 'owner' && (
        <MenuItem href="/admin/queues">
          {words.queues}
          <Icon name="external" size={12} />
        </MenuItem>
      )}
      <MenuItem onSelect={() => leave.start()}>{words.signOut}</MenuItem>
      {leave.error && <ToneMark tone="fault">{words.signOutFailed}</ToneMark>}
    </Menu>
  );
}

/** A screen reader continues at the new screen, not at the link that is gone. */
function useFocusOnNavigation(main: React.RefObject<HTMLElement | null>): void {
  const { pathname } = useLocation();
  const shown = useRef(pathname);
  useEffect(() => {
    if (shown.current === pathname) return;
    shown.current = pathname;
    main.current?.focus({ preventScroll: true });
  }, [pathname, main]);
}
