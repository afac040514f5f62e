import type { ReleaseCheckStep } from '@wxthirdparty/sdk';
import { REFRESH_MS, useRead } from '../../api/use-read.ts';
import { Details } from '../../ui/details.tsx';
import { Facts } from '../../ui/facts.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Id } from '../../ui/mono.tsx';
import { Status } from '../../ui/status.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { useWords } from '../../words/define-words.ts';
import { useFormat } from '../../words/format.ts';
import { useLanguage } from '../../words/language.ts';
import { sharedWords } from '../../words/shared-words.ts';
import { words as ownWords } from './words.ts';

/** One release check, step by step, and what only WeChat's own console shows. */
export function CheckSteps({ id }: { readonly id: string }) {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const language = useLanguage();
  const format = useFormat();
  const read = useRead('GET /v1/release-checks/:id', { path: { id } }, { refreshMs: REFRESH_MS });
  const columns: readonly Column<ReleaseCheckStep>[] = [
    { header: words.step, cell: ({ name }) => words.stepNames[name] },
    { header: shared.state, priority: 1, cell: ({ state }) => <Status of="checkStep" state={state} /> },
    { header: words.finding, width: 5, priority: 1, wrap: true, cell: ({ detail }) => detail[language] },
    {
      header: words.took,
      numeric: true,
      priority: 3,
      cell: ({ ms }) => (ms === null ? shared.none : format.duration(ms)),
    },
  ];
  return (
    <Loaded read={read} failed={words.checksFailed} lines={4}>
      {({ steps, console: settings = [] }) => (
        <>
          {steps.length > 0 && <Table label={words.steps} columns={columns} rows={steps} rowKey={({ name }) => name} />}
          {settings.length > 0 && (
            <Details summary={words.compare}>
              <Facts
                facts={settings.map(({ name, value, detail }) => ({
                  label: words.settings[name],
                  value: (
                    <>
                      {value !== null && <Id value={value} />} {detail[language]}
                    </>
                  ),
                }))}
              />
            </Details>
          )}
        </>
      )}
    </Loaded>
  );
}
