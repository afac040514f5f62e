import { useRead } from '../../api/use-read.ts';
import { Chart } from '../../ui/chart.tsx';
import { Link } from '../../ui/link.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Section } from '../../ui/page.tsx';
import { ToneMark } from '../../ui/status.tsx';
import { useWords } from '../../words/define-words.ts';
import { useFormat } from '../../words/format.ts';
import styles from './last-day.module.css';
import { words as ownWords } from './words.ts';

const REFRESH_MS = 30_000;

/** Calls, pushes and deliveries of the last 24 hours. */
export function LastDay() {
  const words = useWords(ownWords);
  const activity = useRead('GET /v1/activity', { query: { hours: 24 } }, { refreshMs: REFRESH_MS });
  return (
    <Section title={words.lastDay}>
      <Loaded read={activity} failed={words.activityFailed} lines={5}>
        {({ from, stepMs, calls, pushes, deliveries }) => (
          <div className={styles.strips}>
            <Strip
              name={words.calls}
              to="/calls"
              from={from}
              stepMs={stepMs}
              succeeded={calls.completed}
              failed={calls.failed}
            />
            <Strip
              name={words.pushes}
              to="/pushes"
              from={from}
              stepMs={stepMs}
              succeeded={pushes.accepted}
              failed={pushes.failed}
            />
            <Strip
              name={words.deliveries}
              to="/pushes"
              from={from}
              stepMs={stepMs}
              succeeded={deliveries.delivered}
              failed={deliveries.failed}
            />
          </div>
        )}
      </Loaded>
    </Section>
  );
}

interface StripProps {
  readonly name: string;
  /** The list of what it counts. */
  readonly to: '/calls' | '/pushes';
  readonly from: string;
  readonly stepMs: number;
  readonly succeeded: readonly number[];
  readonly failed: readonly number[];
}

function Strip({ name, to, from, stepMs, succeeded, failed }: StripProps) {
  const words = useWords(ownWords);
  const format = useFormat();
  const failures = sum(failed);
  const total = sum(succeeded) + failures;
  return (
    <div className={styles.strip}>
      <div className={styles.head}>
        <h3 className={styles.name}>
          <Link to={to}>{name}</Link>
        </h3>
        <span className={styles.total}>{format.number(total)}</span>
        {total > 0 && (
          <span className={styles.failures}>
            {failures === 0 ? (
              words.noFailures
            ) : (
              <ToneMark tone="fault">
                {words.failedCount(format.number(failures), format.percent(failures / total))}
              </ToneMark>
            )}
          </span>
        )}
      </div>
      <Chart
        label={`${name}, ${words.lastDay}`}
        from={from}
        stepMs={stepMs}
        series={[
          { label: words.succeeded, values: succeeded },
          { label: words.failures, values: failed, kind: 'failures' },
        ]}
      />
    </div>
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
