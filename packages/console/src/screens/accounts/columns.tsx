import type { ListedAuthorizer } from '@wxthirdparty/sdk';
import { useMemo } from 'react';
import { Age } from '../../ui/age.tsx';
import { Link } from '../../ui/link.tsx';
import { Id } from '../../ui/mono.tsx';
import { Muted } from '../../ui/page.tsx';
import { QuotaBar } from '../../ui/quota-bar.tsx';
import { Status, ToneMark } from '../../ui/status.tsx';
import type { Column } from '../../ui/table.tsx';
import { accountWords } from '../../words/account-words.ts';
import { useWords } from '../../words/define-words.ts';
import { sharedWords } from '../../words/shared-words.ts';
import { shownHandle } from '../../words/shown-handle.ts';
import { words as ownWords } from './words.ts';

export function useAccountColumns(): readonly Column<ListedAuthorizer>[] {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  return useMemo(
    () => [
      { header: words.name, width: 1.7, cell: (account) => <Name account={account} /> },
      { header: 'appid', width: 1.8, cell: ({ appid }) => <Id value={appid} /> },
      { header: shared.state, width: 1.1, priority: 1, cell: ({ state }) => <Status of="authorizer" state={state} /> },
      { header: words.tokenEnds, width: 1.2, cell: (account) => <TokenEnd account={account} /> },
      { header: words.lastCall, width: 0.9, priority: 1, cell: ({ activity }) => <Age at={activity?.lastCallAt} /> },
      { header: words.lastPush, width: 0.9, priority: 3, cell: ({ activity }) => <Age at={activity?.lastPushAt} /> },
      {
        header: shared.quota,
        width: 1.2,
        cell: ({ activity }) => activity?.quota && <QuotaBar {...activity.quota} short />,
      },
    ],
    [words, shared],
  );
}

function Name({ account: { appid, component, nickName, userName, handle } }: { readonly account: ListedAuthorizer }) {
  const { noName } = useWords(accountWords);
  return (
    <>
      <Link to="/accounts/$appid" params={{ appid }} search={{ of: component }}>
        {nickName ?? userName ?? noName}
      </Link>
      {shownHandle(handle) && <Muted>{handle}</Muted>}
    </>
  );
}

function TokenEnd({ account: { state, activity } }: { readonly account: ListedAuthorizer }) {
  const words = useWords(ownWords);
  // Its token is worthless.
  if (state === 'revoked') return <Age at={null} />;
  if (activity?.tokenFailure && state === 'active') return <ToneMark tone="fault">{words.tokenFails}</ToneMark>;
  return <Age at={activity?.tokenExpiresAt} />;
}
