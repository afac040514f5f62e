import type { Status as PlatformStatus } from '@wxthirdparty/sdk';
import { OVERVIEW_REFRESH_MS, useRead } from '../../api/use-read.ts';
import { Loaded, UpdatedAt } from '../../ui/loaded.tsx';
import { Page } from '../../ui/page.tsx';
import { useWords } from '../../words/define-words.ts';
import { sharedWords } from '../../words/shared-words.ts';
import { Components } from './components.tsx';
import { Verdict } from './verdict.tsx';
import { words as ownWords } from './words.ts';

export function Overview() {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const status = useRead('GET /v1/status', {}, { refreshMs: OVERVIEW_REFRESH_MS });
  return (
    <Page title={shared.overview} beside={<UpdatedAt read={status} />}>
      <Loaded read={status} failed={words.failed} lines={6}>
        {(data: PlatformStatus) => (
          <>
            <Verdict status={data} />
            <Components components={data.components} />
          </>
        )}
      </Loaded>
    </Page>
  );
}
