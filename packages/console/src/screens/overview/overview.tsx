import { useRights } from '../../api/session.ts';
import { useHealth } from '../../api/use-health.ts';
import { OVERVIEW_REFRESH_MS, useRead } from '../../api/use-read.ts';
import { Loaded, UpdatedAt } from '../../ui/loaded.tsx';
import { Page } from '../../ui/page.tsx';
import { useWords } from '../../words/define-words.ts';
import { sharedWords } from '../../words/shared-words.ts';
import { Components } from './components.tsx';
import { LastDay } from './last-day.tsx';
import { OpenAlarms } from './open-alarms.tsx';
import { Running } from './running.tsx';
import { Verdict } from './verdict.tsx';
import { words as ownWords } from './words.ts';

export function Overview() {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const { mayRead } = useRights();
  const health = useHealth();
  const status = useRead('GET /v1/status', {}, { refreshMs: OVERVIEW_REFRESH_MS });
  const isAdmin = mayRead('admin');
  return (
    <Page title={shared.overview} beside={<UpdatedAt read={status} />}>
      <Verdict status={status.data} health={health} failing={status.error !== null} />
      {isAdmin && <OpenAlarms />}
      <Loaded read={status} failed={words.failed} lines={3}>
        {({ components }) => <Components components={components} />}
      </Loaded>
      <LastDay />
      {isAdmin && <Running health={health} />}
    </Page>
  );
}
