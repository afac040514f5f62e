import type { ListedAuthorizer } from '@wxthirdparty/sdk';
import { ApiError } from '../../api/api-error.ts';
import { request } from '../../api/operation.ts';
import { useRights } from '../../api/session.ts';
import { useRead } from '../../api/use-read.ts';
import { ActionButton, useAction } from '../../ui/action.tsx';
import { Age } from '../../ui/age.tsx';
import { Facts } from '../../ui/facts.tsx';
import { ListTable } from '../../ui/list-table.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Section } from '../../ui/page.tsx';
import { useWords } from '../../words/define-words.ts';
import { useFormat } from '../../words/format.ts';
import { sharedWords } from '../../words/shared-words.ts';
import { useLiveSyncs } from '../syncs/live-syncs.ts';
import { useSyncColumns } from '../syncs/sync-columns.tsx';
import { words as ownWords } from './words.ts';

const SHOWN_SYNCS = 20;

interface Props {
  readonly account: ListedAuthorizer;
}

export function AccountFollowers({ account }: Props) {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const { appid, component, kind } = account;
  const isMiniProgram = kind === 'mini-program';
  const path = { appid };
  const counts = useRead(
    'GET /v1/authorizers/:appid/followers/counts',
    { path, query: { component } },
    { enabled: !isMiniProgram },
  );
  const read = useRead(
    'GET /v1/authorizers/:appid/follower-syncs',
    { path, query: { component, limit: SHOWN_SYNCS } },
    { enabled: !isMiniProgram },
  );
  const syncs = useLiveSyncs(read.data?.items ?? []);
  const columns = useSyncColumns();
  if (isMiniProgram) return <p>{words.noFollowers}</p>;
  return (
    <>
      <Loaded read={counts} failed={words.followersFailed} lines={3}>
        {(found) => <Counts {...found} account={account} />}
      </Loaded>
      <Section title={shared.syncs} actions={<Start account={account} />}>
        <ListTable
          label={shared.syncs}
          read={read}
          items={syncs}
          columns={columns}
          rowKey={({ id }) => id}
          failed={words.syncsFailed}
          empty={<p>{words.noSyncs}</p>}
        />
      </Section>
    </>
  );
}

function Counts({
  subscribed,
  unsubscribed,
  account,
}: Props & { readonly subscribed: number; readonly unsubscribed: number }) {
  const words = useWords(ownWords);
  const format = useFormat();
  return (
    <Facts
      facts={[
        { label: words.subscribed, value: format.number(subscribed) },
        { label: words.unsubscribed, value: format.number(unsubscribed) },
        { label: words.daily, value: <Daily account={account} /> },
      ]}
    />
  );
}

function Daily({ account: { appid, component } }: Props) {
  const words = useWords(ownWords);
  const { none } = useWords(sharedWords);
  const { data, error } = useRead(
    'GET /v1/authorizers/:appid/follower-sync-schedule',
    { path: { appid }, query: { component } },
    { refreshMs: false },
  );
  if (error instanceof ApiError && error.code === 'not_found') return <span>{words.notDaily}</span>;
  if (!data) return <span>{none}</span>;
  return (
    <>
      <span>{words.dailyAt(data.at)}</span>
      <Age at={data.nextAt} focusable />
    </>
  );
}

function Start({ account: { appid, component, state } }: Props) {
  const words = useWords(ownWords);
  const { mayWrite } = useRights();
  const start = useAction({
    perform: () =>
      request('POST /v1/authorizers/:appid/follower-syncs', { path: { appid }, query: { component }, body: {} }),
    refreshes: ['GET /v1/authorizers/:appid/follower-syncs', 'GET /v1/follower-syncs'],
  });
  if (!mayWrite('authorizers:write')) return null;
  return (
    <ActionButton
      label={words.start}
      kind="primary"
      action={start}
      done={() => words.starting}
      disabled={state !== 'active'}
    />
  );
}
