import type { AlarmChannel, AlarmChannelTest } from '@wxthirdparty/sdk';
import { useState } from 'react';
import { request } from '../../api/operation.ts';
import { useRights } from '../../api/session.ts';
import { useRead } from '../../api/use-read.ts';
import { ActionButton, useAction } from '../../ui/action.tsx';
import { Age } from '../../ui/age.tsx';
import { Banner } from '../../ui/banner.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Mono } from '../../ui/mono.tsx';
import { Muted, Section } from '../../ui/page.tsx';
import { Quote } from '../../ui/quote.tsx';
import { ToneMark } from '../../ui/status.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { useWords } from '../../words/define-words.ts';
import { useFormat } from '../../words/format.ts';
import { useLanguage } from '../../words/language.ts';
import { words as ownWords } from './words.ts';

interface Tested {
  readonly channel: string;
  readonly result: AlarmChannelTest;
}

export function Channels() {
  const words = useWords(ownWords);
  const rights = useRights();
  const read = useRead('GET /v1/alarm-channels', {});
  const [tested, setTested] = useState<Tested>();
  const columns: readonly Column<AlarmChannel>[] = [
    { header: words.channel, cell: ({ id }) => <Mono>{id}</Mono> },
    { header: words.kind, priority: 1, cell: ({ kind }) => words.kinds[kind] },
    { header: words.host, width: 2, cell: ({ host }) => <Mono>{host}</Mono> },
    { header: words.lastSent, cell: ({ lastSentAt }) => <Age at={lastSentAt} none={words.never} /> },
    {
      header: words.lastFailure,
      width: 3,
      priority: 1,
      cell: ({ lastFailure }) => <LastFailure failure={lastFailure} />,
    },
    {
      header: words.test,
      width: 2,
      actions: true,
      priority: 1,
      cell: ({ id }) =>
        rights.mayWrite('admin') && <Test id={id} onTested={(result) => setTested({ channel: id, result })} />,
    },
  ];
  return (
    <Section title={words.channels} beside={<Muted>{words.channelsHelp}</Muted>}>
      {tested && <TestResult tested={tested} />}
      <Loaded read={read} failed={words.channelsFailed}>
        {({ items }) =>
          items.length === 0 ? (
            <Banner tone="attention" title={words.noChannels} />
          ) : (
            <Table label={words.channels} columns={columns} rows={items} rowKey={({ id }) => id} />
          )
        }
      </Loaded>
    </Section>
  );
}

function Test({ id, onTested }: { readonly id: string; readonly onTested: (result: AlarmChannelTest) => void }) {
  const words = useWords(ownWords);
  const test = useAction({
    perform: () => request('POST /v1/alarm-channels/:id/test', { path: { id } }),
    refreshes: ['GET /v1/alarm-channels'],
    onSuccess: onTested,
  });
  return <ActionButton label={words.test} action={test} />;
}

/** What the receiver itself answered: it says best what is wrong with a signature or a keyword. */
function TestResult({ tested: { channel, result } }: { readonly tested: Tested }) {
  const words = useWords(ownWords);
  const language = useLanguage();
  const format = useFormat();
  const { sent, status, answer, ms, remedy } = result;
  return (
    <Banner
      tone={sent ? 'good' : 'fault'}
      title={
        <>
          <Mono>{channel}</Mono> {sent ? words.testSent(format.duration(ms)) : words.testFailed}
        </>
      }
      announce
    >
      {remedy && <p>{remedy[language]}</p>}
      <p>
        {words.status} {status ?? words.noAnswer} · {words.answer} <Mono>{answer}</Mono>
      </p>
    </Banner>
  );
}

function LastFailure({ failure }: { readonly failure: AlarmChannel['lastFailure'] }) {
  const words = useWords(ownWords);
  const language = useLanguage();
  if (failure === null) return <Muted>{words.noFailure}</Muted>;
  return (
    <span data-tip={`${failure.answer}\n${failure.remedy[language]}`}>
      <ToneMark tone="fault">
        <Age at={failure.at} /> <Quote>{failure.answer}</Quote>
      </ToneMark>
    </span>
  );
}
