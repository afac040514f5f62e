import { useMatch, useNavigate, useSearch } from '@tanstack/react-router';
import type { Status } from '@wxthirdparty/sdk';
import { REFRESH_MS, useRead } from '../api/use-read.ts';
import { Icon } from '../ui/icon.tsx';
import { Link } from '../ui/link.tsx';
import { Menu, MenuItem } from '../ui/menu.tsx';
import { Mono } from '../ui/mono.tsx';
import { useWords } from '../words/define-words.ts';
import { sharedWords } from '../words/shared-words.ts';
import styles from './component-menu.module.css';
import { frameWords } from './frame-words.ts';

/** The component whose accounts, calls and links are shown; all screens keep the choice in their address. */
export function ComponentMenu() {
  // Components change only with the settings, so that they are read once.
  const { data } = useRead('GET /v1/status', {}, { refreshMs: (known) => (known ? false : REFRESH_MS) });
  const [only, second] = data?.components ?? [];
  if (!data || !only) return null;
  return second ? <Choice components={data.components} /> : <OnlyComponent appid={only.appid} />;
}

function OnlyComponent({ appid }: { readonly appid: string }) {
  const shared = useWords(sharedWords);
  return (
    <Link className={styles.only} to="/components/$appid" params={{ appid }}>
      <span className={styles.word}>{shared.component}</span>
      <Mono>{appid}</Mono>
    </Link>
  );
}

function Choice({ components }: { readonly components: Status['components'] }) {
  const words = useWords(frameWords);
  const shared = useWords(sharedWords);
  const navigate = useNavigate();
  const ofOne = useMatch({ from: '/frame/components/$appid', shouldThrow: false });
  const { component } = useSearch({ strict: false }) as { readonly component?: string };
  const chosen = ofOne?.params.appid ?? component;
  const choose = (appid: string | undefined) => {
    if (ofOne && appid !== undefined) {
      void navigate({ to: '/components/$appid', params: { appid }, search: { component: appid } as never });
      return;
    }
    // The page of a list belongs to the list of the other component.
    const search = (now: object) => ({ ...now, component: appid, cursor: undefined, page: undefined });
    void navigate({ to: '.', search: search as never, resetScroll: false });
  };
  return (
    <Menu
      label={`${shared.component} ${chosen ?? shared.all}`}
      align="start"
      className={styles.opener}
      button={
        <>
          <span className={styles.word}>{shared.component}</span>
          {chosen === undefined ? words.allComponents : <Mono>{chosen}</Mono>}
          <Icon name="down" size={12} />
        </>
      }
    >
      <MenuItem checked={chosen === undefined} onSelect={() => choose(undefined)}>
        {words.allComponents}
      </MenuItem>
      {components.map(({ appid }) => (
        <MenuItem key={appid} checked={appid === chosen} onSelect={() => choose(appid)}>
          <Mono>{appid}</Mono>
        </MenuItem>
      ))}
    </Menu>
  );
}
