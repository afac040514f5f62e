import { Failure } from '@wxthirdparty/wechat';
import type { Events } from '../events.ts';
import type { Page, PageRequest } from '../paging.ts';
import { type Alarm, type AlarmNews, type AlarmReport, type AlarmSeverity, alarmId } from './alarm.ts';
import type { AlarmSender } from './alarm-sender.ts';
import type { AlarmStore } from './alarm-store.ts';
import type { AlarmTimes } from './alarm-times.ts';
import type { AlarmChannel, ChannelKind } from './channel.ts';
import type { ChannelResult, ChannelSender } from './channel-sender.ts';
import type { ChannelState, Outbox } from './outbox.ts';
import { testNotice } from './test-notice.ts';

export interface ChannelView extends ChannelState {
  readonly id: string;
  readonly kind: ChannelKind;
  readonly host: string;
}

export interface AlarmsParts {
  readonly store: AlarmStore;
  readonly outbox: Outbox;
  readonly channels: readonly AlarmChannel[];
  readonly sender: ChannelSender;
  readonly alarmSender: AlarmSender;
  readonly times: AlarmTimes;
  /** This one. `address`: host and, if it listens, port. */
  readonly process: { readonly id: string; readonly address: string };
  readonly events: Events;
}

/** The alarms of the deployment, and where they are sent. */
export class Alarms {
  readonly #parts: AlarmsParts;

  constructor(parts: AlarmsParts) {
    this.#parts = parts;
  }

  get times(): AlarmTimes {
    return this.#parts.times;
  }

  /** All that this process finds now; what it no longer reports may close. Throws while Redis is unavailable. */
  async report(reports: readonly AlarmReport[]): Promise<void> {
    const news = await this.#parts.store.report(reports, this.#process);
    for (const one of news) this.#publish(one.news, one.alarm);
  }

  /**
   * Sends what this process finds without Redis, which keeps no state of it. Returns the alarm, for its end. `openedAt`: when the
   * fault began.
   */
  openDirectly(report: AlarmReport, openedAt: Date): Alarm {
    const { key, rule, severity, component, cause, remedy, link, note = null } = report;
    const id = alarmId(`${key} ${this.#parts.process.id}`, openedAt);
    const processes = [{ ...this.#process, note }];
    const alarm = { id, rule, severity, component, cause, remedy, link, processes, openedAt, closedAt: null };
    this.#sendDirectly('opened', alarm);
    return alarm;
  }

  closeDirectly(alarm: Alarm, closedAt: Date): void {
    this.#sendDirectly('closed', { ...alarm, closedAt });
  }

  /** Closed ones are listed for 30 days, 500 at most. */
  list(state: 'open' | 'closed', page: PageRequest): Promise<Page<Alarm>> {
    const { store } = this.#parts;
    return state === 'closed' ? store.closed(page) : store.open().then((items) => ({ items, next: null }));
  }

  openCounts(): Promise<Readonly<Record<AlarmSeverity, number>>> {
    return this.#parts.store.openCounts();
  }

  channels(): Promise<readonly ChannelView[]> {
    const { channels, outbox } = this.#parts;
    return Promise.all(channels.map(async ({ id, kind, host }) => ({ id, kind, host, ...(await outbox.state(id)) })));
  }

  /** Sends a test message now. Throws Failure `unknown_alarm_channel`. */
  test(id: string, signal: AbortSignal): Promise<ChannelResult> {
    const channel = this.#parts.channels.find((one) => one.id === id);
    if (channel === undefined) {
      throw new Failure('unknown_alarm_channel', 'fix-request', `ALARM_WEBHOOKS has no channel ${id}.`);
    }
    return this.#parts.sender.send(channel, [testNotice(channel, new Date())], signal);
  }

  get #process() {
    const { id, address } = this.#parts.process;
    return { id, host: address };
  }

  #sendDirectly(news: AlarmNews, alarm: Alarm): void {
    this.#publish(news, alarm);
    this.#parts.alarmSender.sendDirectly(news, alarm);
  }

  #publish(what: AlarmNews, { id, rule, severity, component, cause }: Alarm): void {
    this.#parts.events.publish('alarm', { what, id, rule, severity, component, cause: cause.en });
  }
}
