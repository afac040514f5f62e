import type { CallSummary } from '@wxthirdparty/sdk';
import { useState } from 'react';
import { useRights } from '../../api/session.ts';
import { useRead } from '../../api/use-read.ts';
import { AccountName } from '../../ui/account-name.tsx';
import { Moment } from '../../ui/age.tsx';
import { FilterBar, SearchBox, SelectFilter } from '../../ui/filter-bar.tsx';
import { useFilters } from '../../ui/filters.ts';
import { Link } from '../../ui/link.tsx';
import { ListTable, PAGE_ROWS } from '../../ui/list-table.tsx';
import { Mono } from '../../ui/mono.tsx';
import { Muted, Page } from '../../ui/page.tsx';
import { Status } from '../../ui/status.tsx';
import type { Column } from '../../ui/table.tsx';
import { useWords } from '../../words/define-words.ts';
import { useFormat } from '../../words/format.ts';
import { useLanguage } from '../../words/language.ts';
import { sharedWords } from '../../words/shared-words.ts';
import { Cancel } from './cancel.tsx';
import { callFilters, shownCalls, spans } from './filters.ts';
import { Meaning } from './meaning.tsx';
import { errcodeOf, outcomeOf, shortOf } from './outcome.ts';
import { callsQuery, shortPath } from './query.ts';
import { words as ownWords } from './words.ts';

const FAILURES = ['refused', 'failed'] as const;

/** The failures of all accounts, or all calls of one. */
export function Calls() {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const filters = useFilters(callFilters);
  const { values } = filters;
  const { mayRead, mayWrite } = useRights();
  const status = useRead('GET /v1/status', {}, { refreshMs: false });
  const keys = useRead('GET /v1/keys', { query: { limit: 1000 } }, { refreshMs: false, enabled: mayRead('admin') });
  const components = status.data?.components ?? [];
  const now = useNowOf(JSON.stringify(values));
  const query = callsQuery(values, components[0]?.appid, now);
  const read = useRead(
    'GET /v1/calls',
    { query: { ...query, limit: PAGE_ROWS } },
    { enabled: query.appid !== undefined || query.component !== undefined },
  );
  const ofAccount = values.appid !== undefined;
  const columns = useColumns(ofAccount, mayWrite('calls'));
  const shown = ofAccount ? shownCalls : FAILURES;
  return (
    <Page title={shared.calls}>
      <FilterBar>
        <SearchBox
          label={words.accountFilter}
          value={values.appid}
          width="narrow"
          onChange={(appid) => filters.set({ appid, show: undefined })}
        />
        <SearchBox
          label={words.pathFilter}
          value={values.path}
          width="short"
          onChange={(path) => filters.set({ path })}
        />
        <SearchBox
          label={words.faultFilter}
          value={values.fault}
          width="short"
          onChange={(fault) => filters.set({ fault })}
        />
        <SelectFilter
          label={words.show}
          value={values.show}
          onChange={(show) => filters.set({ show })}
          options={shown.map((value) => ({ value, word: words.shown[value] }))}
        />
        <SelectFilter
          label={words.since}
          value={values.since}
          onChange={(since) => filters.set({ since })}
          options={spans.map((value) => ({ value, word: words.spans[value] }))}
        />
        {(keys.data?.items.length ?? 0) > 0 && (
          <SelectFilter
            label={words.keyFilter}
            value={values.key}
            onChange={(key) => filters.set({ key })}
            options={[
              { value: 'API_KEY', word: 'API_KEY' },
              ...(keys.data?.items ?? []).map(({ id, name }) => ({ value: id, word: name })),
            ]}
          />
        )}
        {components.length > 1 && (
          <SelectFilter
            label={shared.component}
            value={values.component ?? components[0]?.appid}
            onChange={(component) => filters.set({ component })}
            options={components.map(({ appid }) => ({ value: appid, word: appid }))}
            required
          />
        )}
      </FilterBar>
      <Muted>{ofAccount ? words.allOfAccount : words.onlyFailures}</Muted>
      <ListTable
        label={shared.calls}
        read={read}
        columns={columns}
        rowKey={({ id }) => id}
        failed={words.failed}
        empty={<p>{ofAccount ? words.noCalls : words.noFailures}</p>}
        onClearFilters={filters.any ? filters.clear : undefined}
        place={values}
      />
    </Page>
  );
}

function useColumns(ofAccount: boolean, mayCancel: boolean): readonly Column<CallSummary>[] {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const format = useFormat();
  return [
    {
      header: shared.time,
      width: 1.5,
      cell: ({ id, createdAt }) => (
        <Link to="/calls/$id" params={{ id }}>
          <Moment at={createdAt} precise />
        </Link>
      ),
    },
    ...(ofAccount
      ? []
      : [
          {
            header: words.account,
            width: 1.5,
            priority: 1 as const,
            cell: (call: CallSummary) => <Account {...call} />,
          },
        ]),
    {
      header: shared.path,
      width: 2,
      priority: 1 as const,
      cell: ({ path }) => <Mono>{shortPath(path ?? '')}</Mono>,
    },
    { header: words.result, width: 3, priority: 1 as const, cell: (call) => <Outcome call={call} /> },
    {
      header: words.attempts,
      width: 0.6,
      numeric: true,
      priority: 3 as const,
      cell: ({ attempts }) => format.number(attempts),
    },
    {
      header: words.duration,
      width: 0.8,
      numeric: true,
      cell: ({ createdAt, settledAt }) =>
        settledAt === null ? '–' : format.duration(Date.parse(settledAt) - Date.parse(createdAt)),
    },
    ...(ofAccount && mayCancel
      ? [
          {
            header: words.actions,
            actions: true,
            cell: (call: CallSummary) =>
              (call.state === 'queued' || call.state === 'delayed') && (
                <Cancel id={call.id} path={call.path ?? ''} quiet />
              ),
          },
        ]
      : []),
  ];
}

function Account({ component, appid = '', handle, nickName }: CallSummary) {
  const words = useWords(ownWords);
  if (appid === component) return <Muted>{words.componentItself}</Muted>;
  return (
    <AccountName
      account={{ appid, handle, nickName }}
      link={(name) => (
        <Link to="/calls" search={{ appid } as never}>
          {name}
        </Link>
      )}
    />
  );
}

function Outcome({ call }: { readonly call: CallSummary }) {
  const language = useLanguage();
  const errcode = errcodeOf(call);
  const outcome = outcomeOf(call);
  const why = call.failure && outcome === 'failed' ? ` ${shortOf(call.failure.explanation[language])}` : undefined;
  return (
    <Status of="call" state={outcome}>
      {errcode === undefined ? why : <Meaning errcode={errcode} />}
    </Status>
  );
}

/** The time at which these filters were set: a query that names the present would be another one at each rendering. */
function useNowOf(filters: string): number {
  const [of, setOf] = useState(() => ({ filters, now: Date.now() }));
  if (of.filters === filters) return of.now;
  const next = { filters, now: Date.now() };
  setOf(next);
  return next.now;
}
