import { getRouteApi } from '@tanstack/react-router';
import type { ListedAuthorizer } from '@wxthirdparty/sdk';
import { useRights } from '../../api/session.ts';
import { useRead } from '../../api/use-read.ts';
import { ButtonLink, Link } from '../../ui/link.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Id } from '../../ui/mono.tsx';
import { Page } from '../../ui/page.tsx';
import { Status } from '../../ui/status.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { accountWords } from '../../words/account-words.ts';
import { useWords } from '../../words/define-words.ts';
import { sharedWords } from '../../words/shared-words.ts';
import { AccountCalls } from './account-calls.tsx';
import { AccountFollowers } from './account-followers.tsx';
import { AccountHistory } from './account-history.tsx';
import { AccountOverview } from './account-overview.tsx';
import { AccountPushes } from './account-pushes.tsx';
import { AccountQuotas } from './account-quotas.tsx';
import { accountTabs } from './filters.ts';
import { words as ownWords } from './words.ts';

const route = getRouteApi('/frame/accounts/$appid');

type Tab = (typeof accountTabs)[number];

/** The scope without which a view is not offered. */
const SCOPES: Readonly<Record<Tab, string>> = {
  overview: 'authorizers:read',
  quotas: 'calls',
  followers: 'followers:read',
  calls: 'calls',
  pushes: 'pushes:read',
  history: 'authorizers:read',
};

/** The views that read from the database too: whenever the account cannot be read, they fail, and explain it. */
const FAILS_WITH_ACCOUNT: ReadonlySet<Tab> = new Set(['followers', 'pushes', 'history']);

export function AccountScreen() {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const { noName } = useWords(accountWords);
  const { mayRead, mayWrite } = useRights();
  const { appid } = route.useParams();
  const { of: component, tab = 'overview' } = route.useSearch();
  const read = useRead('GET /v1/authorizers/:appid', { path: { appid }, query: { component, include: 'activity' } });
  const account = read.data;
  const again = account && mayWrite('authorizers:write') && (
    <ButtonLink to="/links/new" search={{ appid, component: account.component }}>
      {words.reauthorize}
    </ButtonLink>
  );
  return (
    <Page
      title={account ? (account.nickName ?? account.userName ?? noName) : appid}
      back={<Link to="/accounts">{shared.accounts}</Link>}
      beside={
        account && (
          <>
            <Id value={appid} />
            <Status of="authorizer" state={account.state} />
          </>
        )
      }
      actions={again}
    >
      <Tabs
        label={words.views}
        tabs={accountTabs.filter((name) => mayRead(SCOPES[name])).map((name) => ({ name, word: words.tabs[name] }))}
        open={tab}
        keep={{ of: component }}
      >
        <Loaded
          read={read}
          failed={words.failed}
          lines={8}
          compact={account !== undefined && FAILS_WITH_ACCOUNT.has(tab)}
        >
          {(found) => <View tab={tab} account={found} />}
        </Loaded>
      </Tabs>
    </Page>
  );
}

function View({ tab, account }: { readonly tab: Tab; readonly account: ListedAuthorizer }) {
  const words = useWords(ownWords);
  const { mayRead } = useRights();
  if (!mayRead(SCOPES[tab])) return <p>{words.noRight(SCOPES[tab])}</p>;
  switch (tab) {
    case 'overview':
      return <AccountOverview account={account} />;
    case 'quotas':
      return <AccountQuotas account={account} />;
    case 'followers':
      return <AccountFollowers account={account} />;
    case 'calls':
      return <AccountCalls account={account} />;
    case 'pushes':
      return <AccountPushes account={account} />;
    case 'history':
      return <AccountHistory account={account} />;
    default:
      return tab satisfies never;
  }
}
