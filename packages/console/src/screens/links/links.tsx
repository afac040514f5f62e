import type { AuthorizationLink } from '@wxthirdparty/sdk';
import { useRights } from '../../api/session.ts';
import { useRead } from '../../api/use-read.ts';
import { AccountName } from '../../ui/account-name.tsx';
import { Age } from '../../ui/age.tsx';
import { Copy } from '../../ui/copy.tsx';
import { FilterBar, SelectFilter } from '../../ui/filter-bar.tsx';
import { useFilters } from '../../ui/filters.ts';
import { Link, PrimaryButtonLink } from '../../ui/link.tsx';
import { ListTable, PAGE_ROWS } from '../../ui/list-table.tsx';
import { Mono } from '../../ui/mono.tsx';
import { Page } from '../../ui/page.tsx';
import { Status } from '../../ui/status.tsx';
import type { Column } from '../../ui/table.tsx';
import { useWords } from '../../words/define-words.ts';
import { useLanguage } from '../../words/language.ts';
import { sharedWords } from '../../words/shared-words.ts';
import { shownStatus } from '../../words/status.ts';
import { linkFilters } from './filters.ts';
import { shortLink } from './short-link.ts';
import { words as ownWords } from './words.ts';

export function Links() {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const language = useLanguage();
  const { mayWrite } = useRights();
  const filters = useFilters(linkFilters);
  const { page: _, ...query } = filters.values;
  const read = useRead('GET /v1/authorization-links', { query: { ...query, limit: PAGE_ROWS } });
  const create = mayWrite('authorizers:write') && <PrimaryButtonLink to="/links/new">{words.create}</PrimaryButtonLink>;
  const columns: readonly Column<AuthorizationLink>[] = [
    { header: words.link, width: 1.4, cell: (link) => <LinkName link={link} /> },
    { header: shared.state, priority: 1, cell: ({ state }) => <Status of="link" state={state} /> },
    { header: words.for, width: 1.6, priority: 1, cell: (link) => <Whom link={link} /> },
    { header: words.opened, cell: ({ openedAt }) => <Age at={openedAt} /> },
    { header: words.authorized, width: 1.6, cell: (link) => <AuthorizedAccount link={link} /> },
    { header: words.created, priority: 3, cell: ({ createdAt }) => <Age at={createdAt} /> },
    { header: words.ends, cell: ({ expiresAt }) => <Age at={expiresAt} /> },
  ];
  return (
    <Page title={shared.links} actions={create}>
      <FilterBar>
        <SelectFilter
          label={shared.state}
          value={filters.values.state}
          onChange={(state) => filters.set({ state })}
          options={linkFilters.kinds.state.map((state) => ({
            value: state,
            word: shownStatus('link', state, language).word,
          }))}
        />
      </FilterBar>
      <ListTable
        label={shared.links}
        read={read}
        columns={columns}
        rowKey={({ id }) => id}
        failed={words.failed}
        empty={<p>{words.empty}</p>}
        onClearFilters={filters.any ? filters.clear : undefined}
        place={filters.values}
      />
    </Page>
  );
}

function LinkName({ link: { id, url, state } }: { readonly link: AuthorizationLink }) {
  const isUsable = state !== 'authorized' && state !== 'expired';
  return (
    <>
      <Link to="/links/$id" params={{ id }}>
        <Mono>{shortLink(id)}</Mono>
      </Link>
      {isUsable && <Copy text={url} />}
    </>
  );
}

/** The account that may authorize by it, or which kinds of accounts. */
export function Whom({ link: { bizAppid, authType } }: { readonly link: AuthorizationLink }) {
  const { authTypes } = useWords(ownWords);
  if (bizAppid !== null) return <Mono>{bizAppid}</Mono>;
  return <span>{(authTypes as Readonly<Record<string, string>>)[authType] ?? authType}</span>;
}

/** The account that authorized by it. */
export function AuthorizedAccount({ link: { appid, nickName, component } }: { readonly link: AuthorizationLink }) {
  const { none } = useWords(sharedWords);
  if (appid === null) return <span>{none}</span>;
  return (
    <AccountName
      account={{ appid, nickName, handle: null }}
      link={(name) => (
        <Link to="/accounts/$appid" params={{ appid }} search={{ of: component }}>
          {name}
        </Link>
      )}
    />
  );
}
