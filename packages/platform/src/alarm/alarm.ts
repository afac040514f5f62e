import { createHash } from 'node:crypto';
import type { Explanation } from '@wxthirdparty/wechat';

/** `page`: an operator must act now, at night too. `warn`: an operator must act soon. */
export type AlarmSeverity = 'page' | 'warn';

/** A process that reports an alarm. */
export interface AlarmProcess {
  /** As in the list of processes. */
  readonly id: string;
  /** Its machine or container and, if it listens, its port. */
  readonly host: string;
  /** What differs between processes: an address, a free size. */
  readonly note: string | null;
}

/** What an alarm says, in Chinese and English. Neither holds a secret, an openid, a body or a query. */
export interface AlarmText {
  /** Stable, snake_case: the rule that found the fault. */
  readonly rule: string;
  readonly severity: AlarmSeverity;
  /** The appid of the component that it is about; null: it is about the deployment. */
  readonly component: string | null;
  readonly cause: Explanation;
  readonly remedy: Explanation;
  /** The page of the console that shows more; null: PUBLIC_URL is not set. */
  readonly link: string | null;
}

/** A fault that one process finds now. */
export interface AlarmReport extends AlarmText {
  /** Rule and what it is about: reports with the same key are one alarm, whichever process sends them. */
  readonly key: string;
  /** For how long it must be reported before the alarm opens. */
  readonly delayMs: number;
  readonly note?: string | undefined;
}

export interface Alarm extends AlarmText {
  /** Of this occurrence: the next one has another id. */
  readonly id: string;
  readonly processes: readonly AlarmProcess[];
  /** When the fault was first reported. */
  readonly openedAt: Date;
  /** When it was last reported; null: it lasts. */
  readonly closedAt: Date | null;
}

export type AlarmNews = 'opened' | 'repeated' | 'closed';

/** What channels send. */
export interface AlarmNotice {
  readonly news: AlarmNews | 'test';
  readonly at: Date;
  readonly alarm: Alarm;
}

export function alarmId(key: string, openedAt: Date): string {
  return `al_${openedAt.getTime().toString(36)}_${createHash('sha256').update(key).digest('hex').slice(0, 8)}`;
}
