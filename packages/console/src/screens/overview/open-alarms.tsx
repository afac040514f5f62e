import type { Alarm } from '@wxthirdparty/sdk';
import { useRead } from '../../api/use-read.ts';
import { Age } from '../../ui/age.tsx';
import { Link } from '../../ui/link.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Section } from '../../ui/page.tsx';
import { Status } from '../../ui/status.tsx';
import { useWords } from '../../words/define-words.ts';
import { useFormat } from '../../words/format.ts';
import { sharedWords } from '../../words/shared-words.ts';
import { useText } from '../../words/text.ts';
import { type AlarmGroup, shownAlarms } from './alarm-groups.ts';
import styles from './finding.module.css';
import { words as ownWords } from './words.ts';

const MAX_SHOWN = 5;

/** What is wrong now, with the remedy. Nothing is shown while nothing is. */
export function OpenAlarms() {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const alarms = useRead('GET /v1/alarms', { query: { state: 'open' } });
  if (alarms.error === null && !alarms.data?.items.length) return null;
  return (
    <Section title={shared.alarms}>
      <Loaded read={alarms} failed={words.alarmsFailed} lines={1} compact>
        {({ items }) => <Groups alarms={items} />}
      </Loaded>
    </Section>
  );
}

function Groups({ alarms }: { readonly alarms: readonly Alarm[] }) {
  const words = useWords(ownWords);
  const format = useFormat();
  const { groups, more } = shownAlarms(alarms, MAX_SHOWN);
  return (
    <>
      <ul className={styles.findings}>
        {groups.map((group) => (
          <Group key={`${group.severity} ${group.component}`} group={group} />
        ))}
      </ul>
      {more > 0 && (
        <p>
          <Link to="/alarms">{words.moreAlarms(format.number(more))}</Link>
        </p>
      )}
    </>
  );
}

function Group({ group: { severity, component, alarms } }: { readonly group: AlarmGroup }) {
  const text = useText();
  return (
    <li className={styles.finding}>
      <span className={styles.state}>
        <Status of="alarm" state={severity} />
      </span>
      <div className={styles.parts}>
        {component !== null && (
          <p>
            <Link className={styles.mono} to="/components/$appid" params={{ appid: component }}>
              {component}
            </Link>
          </p>
        )}
        {alarms.map(({ id, cause, remedy, openedAt }) => (
          <div key={id}>
            <p className={styles.cause}>{text(cause)}</p>
            <p>{text(remedy)}</p>
            <p className={styles.more}>
              <Age at={openedAt} focusable />
            </p>
          </div>
        ))}
      </div>
    </li>
  );
}
