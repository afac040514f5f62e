import { useSearch } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useRights } from '../../api/session.ts';
import { useRead } from '../../api/use-read.ts';
import { Chart } from '../../ui/chart.tsx';
import { Link } from '../../ui/link.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Mono } from '../../ui/mono.tsx';
import { Section } from '../../ui/page.tsx';
import type { ChartProps } from '../../ui/series.ts';
import { ToneMark } from '../../ui/status.tsx';
import { useWords } from '../../words/define-words.ts';
import { useFormat } from '../../words/format.ts';
import styles from './last-day.module.css';
import { words as ownWords } from './words.ts';

const REFRESH_MS = 30_000;

/** Calls, pushes and deliveries of the last 24 hours, of the chosen component or all. */
export function LastDay() {
  const words = useWords(ownWords);
  const { mayRead } = useRights();
  const { component } = useSearch({ strict: false }) as { readonly component?: string };
  const activity = useRead('GET /v1/activity', { query: { hours: 24, component } }, { refreshMs: REFRESH_MS });
  const status = useRead('GET /v1/status', {}, { refreshMs: false });
  const [first, second] = status.data?.components ?? [];
  // What was refused is in no list; the component's page has the reasons.
  const reasonsOf = component ?? (second ? undefined : first?.appid);
  const [seesCalls, seesPushes] = [mayRead('calls'), mayRead('pushes:read')];
  return (
    <Section title={words.lastDay} beside={component !== undefined && <Mono>{component}</Mono>}>
      <Loaded read={activity} failed={words.activityFailed} lines={5} compact>
        {({ from, stepMs, calls, pushes, deliveries }) => (
          <div className={styles.strips}>
            <Strip
              name={words.calls}
              link={seesCalls && <Link to="/calls">{words.calls}</Link>}
              times={{ from, stepMs }}
              succeeded={calls.completed}
              failed={calls.failed}
              failures={(text) =>
                seesCalls && (
                  <Link className={styles.failed} to="/calls" search={{ since: '24h' }}>
                    {text}
                  </Link>
                )
              }
            />
            <Strip
              name={words.pushes}
              link={
                seesPushes && (
                  <Link to="/pushes" search={{ tab: 'journal' }}>
                    {words.pushes}
                  </Link>
                )
              }
              times={{ from, stepMs }}
              succeeded={pushes.accepted}
              failed={pushes.failed}
              failures={(text) =>
                reasonsOf !== undefined && (
                  <Link className={styles.failed} to="/components/$appid" params={{ appid: reasonsOf }}>
                    {text}
                  </Link>
                )
              }
            />
            <Strip
              name={words.deliveries}
              link={seesPushes && <Link to="/pushes">{words.deliveries}</Link>}
              times={{ from, stepMs }}
              succeeded={deliveries.delivered}
              failed={deliveries.failed}
              failures={(text) =>
                seesPushes && (
                  <Link className={styles.failed} to="/pushes" search={{ state: 'failing' }}>
                    {text}
                  </Link>
                )
              }
            />
          </div>
        )}
      </Loaded>
    </Section>
  );
}

interface StripProps {
  readonly name: string;
  /** The list of what it counts, if the session may read it. */
  readonly link: ReactNode;
  readonly times: Pick<ChartProps, 'from' | 'stepMs'>;
  readonly succeeded: readonly number[];
  readonly failed: readonly number[];
  /** The number of failures as a link to them, if the session may read them. */
  readonly failures: (text: ReactNode) => ReactNode;
}

function Strip({ name, link, times, succeeded, failed, failures: linked }: StripProps) {
  const words = useWords(ownWords);
  const format = useFormat();
  const failures = sum(failed);
  const total = sum(succeeded) + failures;
  const count = (
    <ToneMark tone="fault">{words.failedCount(format.number(failures), format.percent(failures / total))}</ToneMark>
  );
  return (
    <div className={styles.strip}>
      <div className={styles.head}>
        <h3 className={styles.name}>{link || name}</h3>
        <span className={styles.total}>{format.number(total)}</span>
        {total > 0 && (
          <span className={styles.failures}>{failures === 0 ? words.noFailures : linked(count) || count}</span>
        )}
      </div>
      <Chart
        label={`${name}, ${words.lastDay}`}
        {...times}
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
