import type { Alarm, AlarmReport, Events } from '@wxthirdparty/platform';
import { type FactsOf, reportOf, rules } from './rules.ts';

type DirectRule = 'redis_unreachable' | 'redis_foreign' | 'database_unreachable';

/** What sends without Redis. */
export interface DirectSender {
  openDirectly(report: AlarmReport, openedAt: Date): Alarm;
  closeDirectly(alarm: Alarm, closedAt: Date): void;
  readonly times: { readonly delayShare: number };
}

interface Fault {
  readonly since: Date;
  readonly timer: NodeJS.Timeout;
  alarm: Alarm | undefined;
}

/**
 * The alarms that cannot be in Redis, because this process does not reach it or it is another deployment's. Each process sends its own,
 * once for each outage. While Redis is away, the database's is one of them.
 */
export class DirectAlarms {
  readonly #sender: DirectSender;
  readonly #publicUrl: string | undefined;
  readonly #faults = new Map<DirectRule, Fault>();
  #isRedisOut = false;
  #databaseOutSince: Date | undefined;

  constructor(events: Events, sender: DirectSender, publicUrl: string | undefined) {
    this.#sender = sender;
    this.#publicUrl = publicUrl;
    events.subscribe('redis', (event) => {
      if (event.what === 'unreachable') this.#redisIsOut(true);
      else if (event.what === 'reachable') this.#redisIsOut(false);
      else if (event.what === 'foreign') this.#begin('redis_foreign', new Date());
      else if (event.what === 'own') this.#end('redis_foreign');
    });
    events.subscribe('database', ({ what }) => {
      this.#databaseOutSince = what === 'unreachable' ? new Date() : undefined;
      this.#judgeDatabase();
    });
  }

  close(): void {
    for (const { timer } of this.#faults.values()) clearTimeout(timer);
    this.#faults.clear();
  }

  #redisIsOut(isOut: boolean): void {
    this.#isRedisOut = isOut;
    if (isOut && !this.#faults.has('redis_foreign')) this.#begin('redis_unreachable', new Date());
    else this.#end('redis_unreachable');
    this.#judgeDatabase();
  }

  /** Once Redis is back, the state of the alarm is there; what was sent directly ends when the database answers. */
  #judgeDatabase(): void {
    if (this.#databaseOutSince === undefined) this.#end('database_unreachable');
    else if (this.#isRedisOut) this.#begin('database_unreachable', this.#databaseOutSince);
    else if (this.#faults.get('database_unreachable')?.alarm === undefined) this.#end('database_unreachable');
  }

  #begin(rule: DirectRule, since: Date): void {
    if (this.#faults.has(rule)) return;
    const delayMs = rules[rule].delayMs * this.#sender.times.delayShare - (Date.now() - since.getTime());
    const timer = setTimeout(() => this.#open(rule), Math.max(0, delayMs));
    timer.unref();
    this.#faults.set(rule, { since, timer, alarm: undefined });
  }

  #open(rule: DirectRule): void {
    const fault = this.#faults.get(rule);
    if (fault === undefined) return;
    const facts: FactsOf<DirectRule> = { seconds: Math.round((Date.now() - fault.since.getTime()) / 1_000) };
    fault.alarm = this.#sender.openDirectly(reportOf(rule, facts, this.#publicUrl), fault.since);
  }

  #end(rule: DirectRule): void {
    const fault = this.#faults.get(rule);
    if (fault === undefined) return;
    clearTimeout(fault.timer);
    this.#faults.delete(rule);
    if (fault.alarm !== undefined) this.#sender.closeDirectly(fault.alarm, new Date());
  }
}
