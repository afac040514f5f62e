import type { Lane, ListedAuthorizer } from '@wxthirdparty/sdk';
import { request } from '../../api/operation.ts';
import { useRights } from '../../api/session.ts';
import { useRead } from '../../api/use-read.ts';
import { ActionButton, useAction } from '../../ui/action.tsx';
import { Age, Moment } from '../../ui/age.tsx';
import { Facts } from '../../ui/facts.tsx';
import { Id, Mono } from '../../ui/mono.tsx';
import { Muted } from '../../ui/page.tsx';
import { QuotaBar } from '../../ui/quota-bar.tsx';
import { Quote } from '../../ui/quote.tsx';
import { ToneMark } from '../../ui/status.tsx';
import { accountWords, permissionSetName } from '../../words/account-words.ts';
import { useWords } from '../../words/define-words.ts';
import { useFormat } from '../../words/format.ts';
import { useLanguage } from '../../words/language.ts';
import { sharedWords } from '../../words/shared-words.ts';
import { EditHandle } from './edit-handle.tsx';
import { words as ownWords } from './words.ts';

interface Props {
  readonly account: ListedAuthorizer;
}

export function AccountOverview({ account }: Props) {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const { handle } = useWords(accountWords);
  const { mayRead } = useRights();
  const { activity } = account;
  return (
    <Facts
      facts={[
        { label: words.principal, value: account.principalName ?? shared.none },
        { label: words.kind, value: <Kind account={account} /> },
        { label: words.scopes, value: <Scopes scopes={account.scopes} /> },
        { label: shared.token, value: <Token account={account} /> },
        {
          label: shared.quota,
          value: activity?.quota ? (
            <>
              <Mono>{activity.quota.path}</Mono>
              <QuotaBar used={activity.quota.used} limit={activity.quota.limit} />
            </>
          ) : (
            shared.none
          ),
        },
        mayRead('calls') && { label: words.lane, value: <Waiting account={account} /> },
        { label: words.lastCall, value: <Age at={activity?.lastCallAt} focusable /> },
        { label: words.lastPush, value: <Age at={activity?.lastPushAt} focusable /> },
        { label: words.originalId, value: account.userName ? <Id value={account.userName} /> : shared.none },
        { label: handle, value: <Id value={account.handle} />, action: <EditHandle account={account} /> },
        { label: shared.component, value: <Id value={account.component} />, action: <Reconcile account={account} /> },
        { label: words.authorized, value: <Moment at={account.authorizedAt} /> },
      ]}
    />
  );
}

function Kind({ account: { kind, serviceType, verifyType } }: Props) {
  const { kinds, serviceTypes, verified, notVerified } = useWords(accountWords);
  const { unknown } = useWords(sharedWords);
  if (kind === null) return <span>{unknown}</span>;
  const service = (serviceTypes as Readonly<Record<string, string>>)[String(serviceType)];
  return (
    <>
      <span>{kind === 'official-account' && service ? service : kinds[kind]}</span>
      {verifyType !== null && <Muted>{verifyType >= 0 ? verified : notVerified}</Muted>}
    </>
  );
}

function Scopes({ scopes }: { readonly scopes: readonly number[] }) {
  const words = useWords(ownWords);
  const language = useLanguage();
  const format = useFormat();
  if (scopes.length === 0) return <span>{words.noScopes}</span>;
  const names = scopes.map((id) => permissionSetName(id, language));
  return (
    <span>
      {words.sets(format.number(scopes.length))}
      {names.join(words.separator)}
    </span>
  );
}

/** When the token ends and why it could not be refreshed; never the token. */
function Token({ account: { activity, state } }: Props) {
  const words = useWords(ownWords);
  const language = useLanguage();
  if (!activity?.tokenExpiresAt && !activity?.tokenFailure) return <Muted>{words.noToken}</Muted>;
  const { tokenExpiresAt, tokenFailure } = activity;
  return (
    <>
      {tokenExpiresAt && (
        <span>
          <Age at={tokenExpiresAt} focusable />
          {language === 'en' ? ` (${words.tokenEnds})` : words.tokenEnds}
        </span>
      )}
      {tokenFailure ? (
        <>
          <ToneMark tone={state === 'active' ? 'fault' : 'attention'}>
            {words.tokenFails} <Age at={tokenFailure.at} />
          </ToneMark>
          <Quote>{tokenFailure.message}</Quote>
        </>
      ) : (
        <Muted>{words.tokenGood}</Muted>
      )}
    </>
  );
}

function Waiting({ account: { appid, component } }: Props) {
  const read = useRead('GET /v1/authorizers/:appid/lane', { path: { appid }, query: { component } });
  const words = useWords(ownWords);
  const { none } = useWords(sharedWords);
  if (!read.data) return <span>{none}</span>;
  return read.data.depth === 0 ? <Muted>{words.laneEmpty}</Muted> : <LaneWords lane={read.data} />;
}

function LaneWords({ lane }: { readonly lane: Lane }) {
  const words = useWords(ownWords);
  const format = useFormat();
  return (
    <>
      <span>{words.calls(format.number(lane.depth))}</span>
      {lane.oldestAt && (
        <span>
          {words.oldest} <Age at={lane.oldestAt} focusable />
        </span>
      )}
      <span>{words.inFlight(format.number(lane.inFlight))}</span>
      <span>{words.parked(format.number(lane.parked))}</span>
      <span>{words.orderKeys(format.number(lane.orderKeys))}</span>
      {lane.waitingFor.map(({ path, until, calls }) => (
        <ToneMark key={path} tone="attention">
          {words.laneWaits(path, format.number(calls))} <Age at={until} />
        </ToneMark>
      ))}
    </>
  );
}

function Reconcile({ account: { component } }: Props) {
  const words = useWords(ownWords);
  const { mayWrite } = useRights();
  const action = useAction({
    perform: () => request('POST /v1/authorizers/reconcile', { query: { component } }),
    refreshes: ['GET /v1/reconciliations', 'GET /v1/authorizers/:appid'],
  });
  if (!mayWrite('authorizers:write')) return null;
  return (
    <ActionButton
      label={words.reconcile}
      action={action}
      confirm={{ title: words.reconcileTitle, text: words.reconcileText }}
      done={() => words.reconciling}
    />
  );
}
