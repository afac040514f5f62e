import type { Status } from '@wxthirdparty/sdk';
import type { Health } from '../../api/use-health.ts';
import { Link } from '../../ui/link.tsx';
import { ToneIcon } from '../../ui/status.tsx';
import { useWords } from '../../words/define-words.ts';
import { useFormat } from '../../words/format.ts';
import { tokenRemedies } from '../component/token-remedy.ts';
import styles from './verdict.module.css';
import { type Reason, verdictOf } from './verdict-of.ts';
import { words as ownWords } from './words.ts';

interface Props {
  readonly status: Status | undefined;
  readonly health: Health | undefined;
  /** The status that is known may be an old one. */
  readonly failing: boolean;
}

/** The one sentence: whether the platform can act now, and if not, why and what to do. */
export function Verdict(props: Props) {
  const words = useWords(ownWords);
  const format = useFormat();
  const verdict = verdictOf(props);
  // Nothing is known for a moment after the page was opened; its line keeps its place.
  if (verdict === undefined)
    return (
      <div className={styles.verdict}>
        <p className={styles.sentence}>&nbsp;</p>
      </div>
    );
  const { works, reasons, missing } = verdict;
  const sentences = {
    yes: words.works,
    partly: words.worksPartly,
    no: words.fails(format.number(reasons.length)),
    unknown: words.notKnown,
  } as const;
  const tones = { yes: 'good', partly: 'attention', no: 'fault', unknown: 'attention' } as const;
  return (
    <div className={styles.verdict}>
      <p className={styles.sentence} role="status">
        <ToneIcon tone={tones[works]} size={24} />
        {sentences[works]}
      </p>
      {[...reasons, ...missing].map((reason) => (
        <ReasonLine key={`${reason.component} ${reason.code}`} reason={reason} />
      ))}
    </div>
  );
}

function ReasonLine({ reason }: { readonly reason: Reason }) {
  const words = useWords(ownWords);
  const remedies = useWords(tokenRemedies);
  const { component, code, errcode, detail } = reason;
  const sentences: Readonly<Record<string, string>> = {
    ...words.reasons,
    no_components: words.noComponents,
    redis_away: words.redisAway,
    database_away: words.databaseAway,
    wechat_away: words.wechatAway,
  };
  return (
    <p className={styles.reason}>
      {component && (
        <Link className={styles.component} to="/components/$appid" params={{ appid: component }}>
          {component}
        </Link>
      )}
      {sentences[code] ?? words.unknownReason(code)} {(errcode && remedies[errcode]) || detail}
    </p>
  );
}
