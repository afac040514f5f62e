import type { Alarm } from '@wxthirdparty/sdk';
import { useRead } from '../../api/use-read.ts';
import { Age } from '../../ui/age.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Section } from '../../ui/page.tsx';
import { Status } from '../../ui/status.tsx';
import { useWords } from '../../words/define-words.ts';
import { sharedWords } from '../../words/shared-words.ts';
import { useText } from '../../words/text.ts';
import styles from './finding.module.css';
import { words as ownWords } from './words.ts';

/** What is wrong now, with the remedy. Nothing is shown while nothing is. */
export function OpenAlarms() {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const alarms = useRead('GET /v1/alarms', { query: { state: 'open' } });
  if (alarms.error === null && !alarms.data?.items.length) return null;
  return (
    <Section title={shared.alarms}>
      <Loaded read={alarms} failed={words.alarmsFailed} lines={1}>
        {({ items }) => (
          <ul className={styles.findings}>
            {items.toSorted(byUrgency).map((alarm) => (
              <AlarmLine key={alarm.id} alarm={alarm} />
            ))}
          </ul>
        )}
      </Loaded>
    </Section>
  );
}

/** What must be seen at once is first; otherwise the order of the gateway. */
function byUrgency(a: Alarm, b: Alarm): number {
  return Number(b.severity === 'page') - Number(a.severity === 'page');
}

function AlarmLine({ alarm }: { readonly alarm: Alarm }) {
  const text = useText();
  const { severity, component, cause, remedy, openedAt } = alarm;
  return (
    <li className={styles.finding}>
      <span className={styles.state}>
        <Status of="alarm" state={severity} />
      </span>
      <div className={styles.text}>
        <p className={styles.cause}>{text(cause)}</p>
        <p>{text(remedy)}</p>
        <p className={styles.more}>
          {component && <span className={styles.mono}>{component}</span>}
          <Age at={openedAt} focusable />
        </p>
      </div>
    </li>
  );
}
