import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { withDeadline } from '../deadline.ts';
import type { Events } from '../events.ts';
import type { Alarm, AlarmNews, AlarmNotice } from './alarm.ts';
import type { AlarmTimes } from './alarm-times.ts';
import type { AlarmChannel } from './channel.ts';
import type { ChannelResult, ChannelSender } from './channel-sender.ts';
import type { Outbox } from './outbox.ts';

const MAX_POLL_INTERVAL_MS = 3_000;
/** Of one claim: it must end before another process may repeat it. */
const MAX_SENDING_MS = 15_000;
const CLOSE_TIMEOUT_MS = 1_000;
const MAX_DIRECT_ATTEMPTS = 10;
const FIRST_BACKOFF_MS = 5_000;
const MAX_BACKOFF_MS = 10 * 60_000;

export interface AlarmSenderParts {
  readonly channels: readonly AlarmChannel[];
  readonly sender: ChannelSender;
  readonly outbox: Outbox;
  readonly times: AlarmTimes;
  readonly events: Events;
}

/**
 * Sends what channels have in their outboxes. Each process does, not only workers: otherwise an alarm that no worker is live could not
 * be sent. An outbox is sent by one process at a time.
 */
export class AlarmSender {
  readonly #parts: AlarmSenderParts;
  readonly #ending = new AbortController();
  readonly #direct = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> = Promise.resolve();

  constructor(parts: AlarmSenderParts) {
    this.#parts = parts;
    if (parts.channels.length > 0) this.#later();
  }

  /**
   * Sends at once to every channel, without Redis: while it is away, outboxes are, too. It is repeated with backoff, and lost with the
   * process.
   */
  sendDirectly(news: AlarmNews, alarm: Alarm): void {
    const notice: AlarmNotice = { news, at: new Date(), alarm };
    for (const channel of this.#parts.channels) {
      const sending: Promise<void> = this.#sendDirectly(channel, notice).finally(() => this.#direct.delete(sending));
      this.#direct.add(sending);
    }
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const all = Promise.all([this.#round, ...this.#direct]);
    // What was being sent stays in its outbox until its claim ends; then another process sends it.
    await withDeadline(all, CLOSE_TIMEOUT_MS, () => new Error('no answer in time')).catch(() => {});
    this.#ending.abort();
  }

  #later(): void {
    const intervalMs = Math.min(MAX_POLL_INTERVAL_MS, this.#parts.times.groupMs / 2) * (0.8 + 0.4 * Math.random());
    this.#timer = setTimeout(() => {
      this.#round = Promise.all(this.#parts.channels.map((channel) => this.#sendDue(channel)))
        // Redis is unavailable; the next round tries again.
        .catch(() => {})
        .then(() => {
          if (this.#timer !== undefined && !this.#ending.signal.aborted) this.#later();
        });
    }, intervalMs);
    this.#timer.unref();
  }

  async #sendDue(channel: AlarmChannel): Promise<void> {
    const { outbox } = this.#parts;
    const id = randomUUID();
    const claim = await outbox.claim(channel.id, id);
    if (claim === undefined) return;
    const { sent, last } = await this.#sendClaimed(channel, claim.notices);
    const failure =
      last.remedy === null ? undefined : { status: last.status, answer: last.answer, remedy: last.remedy };
    const lost = await outbox.settle(channel.id, id, {
      sent,
      failed: last.sent ? 0 : last.taken,
      ...(failure === undefined ? {} : { failure }),
      retryAfterMs: last.retryAfterMs ?? 0,
    });
    if (!last.sent) this.#report(channel, last, sent > 0 ? 1 : claim.attempt, lost);
  }

  /** A robot gets one message; a webhook one request for each alarm. */
  async #sendClaimed(
    channel: AlarmChannel,
    notices: readonly AlarmNotice[],
  ): Promise<{ readonly sent: number; readonly last: ChannelResult }> {
    const endAt = performance.now() + MAX_SENDING_MS;
    let sent = 0;
    for (;;) {
      const last = await this.#parts.sender.send(channel, notices.slice(sent), this.#ending.signal);
      if (last.sent) sent += last.taken;
      if (!last.sent || channel.kind !== 'generic' || sent === notices.length || performance.now() > endAt) {
        return { sent, last };
      }
    }
  }

  async #sendDirectly(channel: AlarmChannel, notice: AlarmNotice): Promise<void> {
    const { signal } = this.#ending;
    for (let attempt = 1; attempt <= MAX_DIRECT_ATTEMPTS; attempt++) {
      const result = await this.#parts.sender.send(channel, [notice], signal);
      if (result.sent || signal.aborted) return;
      this.#report(channel, result, attempt, attempt === MAX_DIRECT_ATTEMPTS ? 1 : 0);
      const backoffMs = Math.min(FIRST_BACKOFF_MS * 2 ** (attempt - 1), MAX_BACKOFF_MS);
      const waitMs = Math.max(backoffMs, result.retryAfterMs ?? 0);
      if ((await pause(waitMs, 'ended', { signal, ref: false }).catch(() => 'aborted')) === 'aborted') return;
    }
  }

  #report({ id, host }: AlarmChannel, { status, answer }: ChannelResult, attempt: number, lost: number): void {
    this.#parts.events.publish('alarm', { what: 'unsent', channel: id, host, status, answer, attempt, lost });
  }
}
