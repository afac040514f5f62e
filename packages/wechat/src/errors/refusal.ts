import { Failure } from '../failure.ts';
import { explainErrcode } from './errcode.ts';

/** `doing` is like "fetching the component token"; the message quotes WeChat's text without secrets. */
export function refusal(answer: { errcode: number; errmsg: string; rid?: string | undefined }, doing: string): Failure {
  const { errcode, errmsg, rid } = answer;
  const { meaning, remedy, code } = explainErrcode(errcode);
  const quoted = withoutSecrets(errmsg);
  return new Failure(
    code,
    remedy,
    `WeChat refused ${doing}: ${meaning} (errcode ${errcode}${quoted === '' ? '' : `, "${quoted}"`})`,
    { errcode, ...(rid === undefined ? {} : { rid }), ...retryAfter(code) },
  );
}

function retryAfter(code: string): { retryAfterMs?: number } {
  if (code === 'minute_limit') return { retryAfterMs: 60_000 };
  if (code === 'quota_closed' || code === 'day_limit') return { retryAfterMs: untilBeijingMidnight(Date.now()) };
  return {};
}

const DAY_MS = 24 * 3600 * 1000;
const BEIJING_OFFSET_MS = 8 * 3600 * 1000;

/** Quotas are counted by the calendar day of Beijing, which has no daylight saving time (protocol §3.10). */
function untilBeijingMidnight(now: number): number {
  return DAY_MS - ((now + BEIJING_OFFSET_MS) % DAY_MS);
}

/** WeChat sometimes echoes parameters. Long dense text and the values of secrets are masked; a request id is not. */
function withoutSecrets(errmsg: string): string {
  return errmsg
    .slice(0, 500)
    .replace(/[\x00-\x1f\x7f]/g, ' ')
    .replace(/(\w*(?:token|secret|ticket|code|key)\w*["']?\s*[=:]\s*["']?)[^\s"',&]+/gi, '$1***')
    .replace(/\b\w+@@@\S+/g, '***')
    .replace(/[\w@+/=.~-]{20,}/g, (run) => (/^[0-9a-f]{1,10}(?:-[0-9a-f]{1,10}){2}$/i.test(run) ? run : '***'));
}
