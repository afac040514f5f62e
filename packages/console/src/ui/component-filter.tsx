import { useRead } from '../api/use-read.ts';
import { useWords } from '../words/define-words.ts';
import { sharedWords } from '../words/shared-words.ts';
import { SelectFilter } from './filter-bar.tsx';

/** Only where there are several components. */
export function ComponentFilter({
  value,
  onChange,
}: {
  readonly value: string | undefined;
  readonly onChange: (component: string | undefined) => void;
}) {
  const shared = useWords(sharedWords);
  const { data } = useRead('GET /v1/status', {});
  const components = data?.components ?? [];
  if (components.length < 2 && value === undefined) return null;
  return (
    <SelectFilter
      label={shared.component}
      value={value}
      onChange={onChange}
      options={components.map(({ appid }) => ({ value: appid, word: appid }))}
    />
  );
}
