import { request } from '../../api/operation.ts';
import { useRights } from '../../api/session.ts';
import { useHealth } from '../../api/use-health.ts';
import { OVERVIEW_REFRESH_MS, useRead } from '../../api/use-read.ts';
import { useAction } from '../../ui/action.tsx';
import { Button } from '../../ui/button.tsx';
import { Loaded, UpdatedAt } from '../../ui/loaded.tsx';
import { Page } from '../../ui/page.tsx';
import { useWords } from '../../words/define-words.ts';
import { sharedWords } from '../../words/shared-words.ts';
import { Checks } from './checks.tsx';
import { Components } from './components.tsx';
import { LastDay } from './last-day.tsx';
import { NoAccount } from './no-account.tsx';
import { OpenAlarms } from './open-alarms.tsx';
import { Running } from './running.tsx';
import { Verdict } from './verdict.tsx';
import { words as ownWords } from './words.ts';

export function Overview() {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const { mayRead, mayWrite } = useRights();
  const health = useHealth();
  const status = useRead('GET /v1/status', {}, { refreshMs: OVERVIEW_REFRESH_MS });
  const isAdmin = mayRead('admin');
  const checks = useAction({ perform: () => request('POST /v1/doctor', { body: {} }) });
  return (
    <Page
      title={shared.overview}
      beside={<UpdatedAt read={status} />}
      actions={
        mayWrite('admin') && (
          <Button busy={checks.busy} onClick={() => checks.start()}>
            {words.runChecks}
          </Button>
        )
      }
    >
      <Verdict status={status.data} health={health} failing={status.error !== null} />
      <NoAccount />
      <Checks run={checks} />
      {isAdmin && <OpenAlarms />}
      <Loaded read={status} failed={words.failed} lines={3}>
        {({ components }) => <Components components={components} />}
      </Loaded>
      <LastDay />
      {isAdmin && <Running health={health} />}
    </Page>
  );
}
